/** What the twins give up on: a component that they do not know. It is told to the reader, and is no failure. */
export class NotExplained extends Error {
  override readonly name: string = 'NotExplained';
}
