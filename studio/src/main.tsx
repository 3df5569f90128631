/** Puts the page into the document. */

import { render } from 'preact';

import 'uplot/dist/uPlot.min.css';
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/playground.css';
import '../styles/chat.css';
import '../styles/engine.css';
import '../styles/training.css';
import '../styles/model.css';
import '../styles/tokenizer.css';
import '../styles/attention.css';
import { App } from './app.tsx';

const root = document.getElementById('page');
if (root !== null) render(<App />, root);
