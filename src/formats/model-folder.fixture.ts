/**
 * Folders saved by transformers 5.17.0 with PyTorch 2.13.0, and the logits that it computes for {@link IDS}:
 *
 * torch.manual_seed(1)
 * gpt2 = GPT2LMHeadModel(GPT2Config(n_layer=2, n_head=2, n_embd=8, n_positions=8, vocab_size=11, bos_token_id=10, eos_token_id=10))
 * llama = LlamaForCausalLM(LlamaConfig(num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=4, hidden_size=8,
 *     intermediate_size=12, max_position_embeddings=8, vocab_size=11, rope_theta=500.0, rms_norm_eps=1e-6, bos_token_id=10, eos_token_id=10))
 * for model in (gpt2, llama):
 *     for parameter in model.parameters(): torch.nn.init.normal_(parameter, mean=0.1, std=0.5)
 *     model.to(torch.bfloat16).save_pretrained(folder)
 *     logits = type(model).from_pretrained(folder, dtype=torch.float64).eval()(torch.tensor([[10, 3, 1, 4, 1, 5]])).logits[0]
 */

/** A model folder's files, and the logits of each of {@link IDS}. */
export interface FolderFixture {
  readonly config: string;
  readonly generationConfig: string;
  readonly weights: Uint8Array;
  readonly logits: readonly (readonly number[])[];
}

/** The text that the logits are of. */
export const IDS: readonly number[] = [10, 3, 1, 4, 1, 5];

/** `GPT2LMHeadModel`. */
export const GPT2_FOLDER: FolderFixture = {
  config:
    '{"activation_function": "gelu_new", "add_cross_attention": false, "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1, "bos_token_id": 10, "dtype": "bfloat16", "embd_pdrop": 0.1, "eos_token_id": 10, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "model_type": "gpt2", "n_embd": 8, "n_head": 2, "n_inner": null, "n_layer": 2, "n_positions": 8, "pad_token_id": null, "reorder_and_upcast_attn": false, "resid_pdrop": 0.1, "scale_attn_by_inverse_layer_idx": false, "scale_attn_weights": true, "summary_activation": null, "summary_first_dropout": 0.1, "summary_proj_to_labels": true, "summary_type": "cls_index", "summary_use_proj": true, "tie_word_embeddings": true, "transformers_version": "5.17.0", "use_cache": true, "vocab_size": 11}',
  generationConfig:
    '{"_from_model_config": true, "bos_token_id": 10, "eos_token_id": 10, "output_attentions": false, "output_hidden_states": false, "transformers_version": "5.17.0", "use_cache": true}',
  weights: Buffer.from(
    [
      'yAkAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJ0cmFuc2Zvcm1lci5oLjAuYXR0bi5jX2F0dG4uYmlhcyI6eyJkdHlwZSI6IkJGMTYiLCJz',
      'aGFwZSI6WzI0XSwiZGF0YV9vZmZzZXRzIjpbMCw0OF19LCJ0cmFuc2Zvcm1lci5oLjAuYXR0bi5jX2F0dG4ud2VpZ2h0Ijp7ImR0eXBlIjoiQkYxNiIsInNoYXBl',
      'IjpbOCwyNF0sImRhdGFfb2Zmc2V0cyI6WzQ4LDQzMl19LCJ0cmFuc2Zvcm1lci5oLjAuYXR0bi5jX3Byb2ouYmlhcyI6eyJkdHlwZSI6IkJGMTYiLCJzaGFwZSI6',
      'WzhdLCJkYXRhX29mZnNldHMiOls0MzIsNDQ4XX0sInRyYW5zZm9ybWVyLmguMC5hdHRuLmNfcHJvai53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls4',
      'LDhdLCJkYXRhX29mZnNldHMiOls0NDgsNTc2XX0sInRyYW5zZm9ybWVyLmguMC5sbl8xLmJpYXMiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls4XSwiZGF0YV9v',
      'ZmZzZXRzIjpbNTc2LDU5Ml19LCJ0cmFuc2Zvcm1lci5oLjAubG5fMS53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls4XSwiZGF0YV9vZmZzZXRzIjpb',
      'NTkyLDYwOF19LCJ0cmFuc2Zvcm1lci5oLjAubG5fMi5iaWFzIjp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbOF0sImRhdGFfb2Zmc2V0cyI6WzYwOCw2MjRdfSwi',
      'dHJhbnNmb3JtZXIuaC4wLmxuXzIud2VpZ2h0Ijp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbOF0sImRhdGFfb2Zmc2V0cyI6WzYyNCw2NDBdfSwidHJhbnNmb3Jt',
      'ZXIuaC4wLm1scC5jX2ZjLmJpYXMiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOlszMl0sImRhdGFfb2Zmc2V0cyI6WzY0MCw3MDRdfSwidHJhbnNmb3JtZXIuaC4w',
      'Lm1scC5jX2ZjLndlaWdodCI6eyJkdHlwZSI6IkJGMTYiLCJzaGFwZSI6WzgsMzJdLCJkYXRhX29mZnNldHMiOls3MDQsMTIxNl19LCJ0cmFuc2Zvcm1lci5oLjAu',
      'bWxwLmNfcHJvai5iaWFzIjp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbOF0sImRhdGFfb2Zmc2V0cyI6WzEyMTYsMTIzMl19LCJ0cmFuc2Zvcm1lci5oLjAubWxw',
      'LmNfcHJvai53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOlszMiw4XSwiZGF0YV9vZmZzZXRzIjpbMTIzMiwxNzQ0XX0sInRyYW5zZm9ybWVyLmguMS5h',
      'dHRuLmNfYXR0bi5iaWFzIjp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbMjRdLCJkYXRhX29mZnNldHMiOlsxNzQ0LDE3OTJdfSwidHJhbnNmb3JtZXIuaC4xLmF0',
      'dG4uY19hdHRuLndlaWdodCI6eyJkdHlwZSI6IkJGMTYiLCJzaGFwZSI6WzgsMjRdLCJkYXRhX29mZnNldHMiOlsxNzkyLDIxNzZdfSwidHJhbnNmb3JtZXIuaC4x',
      'LmF0dG4uY19wcm9qLmJpYXMiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls4XSwiZGF0YV9vZmZzZXRzIjpbMjE3NiwyMTkyXX0sInRyYW5zZm9ybWVyLmguMS5h',
      'dHRuLmNfcHJvai53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls4LDhdLCJkYXRhX29mZnNldHMiOlsyMTkyLDIzMjBdfSwidHJhbnNmb3JtZXIuaC4x',
      'LmxuXzEuYmlhcyI6eyJkdHlwZSI6IkJGMTYiLCJzaGFwZSI6WzhdLCJkYXRhX29mZnNldHMiOlsyMzIwLDIzMzZdfSwidHJhbnNmb3JtZXIuaC4xLmxuXzEud2Vp',
      'Z2h0Ijp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbOF0sImRhdGFfb2Zmc2V0cyI6WzIzMzYsMjM1Ml19LCJ0cmFuc2Zvcm1lci5oLjEubG5fMi5iaWFzIjp7ImR0',
      'eXBlIjoiQkYxNiIsInNoYXBlIjpbOF0sImRhdGFfb2Zmc2V0cyI6WzIzNTIsMjM2OF19LCJ0cmFuc2Zvcm1lci5oLjEubG5fMi53ZWlnaHQiOnsiZHR5cGUiOiJC',
      'RjE2Iiwic2hhcGUiOls4XSwiZGF0YV9vZmZzZXRzIjpbMjM2OCwyMzg0XX0sInRyYW5zZm9ybWVyLmguMS5tbHAuY19mYy5iaWFzIjp7ImR0eXBlIjoiQkYxNiIs',
      'InNoYXBlIjpbMzJdLCJkYXRhX29mZnNldHMiOlsyMzg0LDI0NDhdfSwidHJhbnNmb3JtZXIuaC4xLm1scC5jX2ZjLndlaWdodCI6eyJkdHlwZSI6IkJGMTYiLCJz',
      'aGFwZSI6WzgsMzJdLCJkYXRhX29mZnNldHMiOlsyNDQ4LDI5NjBdfSwidHJhbnNmb3JtZXIuaC4xLm1scC5jX3Byb2ouYmlhcyI6eyJkdHlwZSI6IkJGMTYiLCJz',
      'aGFwZSI6WzhdLCJkYXRhX29mZnNldHMiOlsyOTYwLDI5NzZdfSwidHJhbnNmb3JtZXIuaC4xLm1scC5jX3Byb2oud2VpZ2h0Ijp7ImR0eXBlIjoiQkYxNiIsInNo',
      'YXBlIjpbMzIsOF0sImRhdGFfb2Zmc2V0cyI6WzI5NzYsMzQ4OF19LCJ0cmFuc2Zvcm1lci5sbl9mLmJpYXMiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls4XSwi',
      'ZGF0YV9vZmZzZXRzIjpbMzQ4OCwzNTA0XX0sInRyYW5zZm9ybWVyLmxuX2Yud2VpZ2h0Ijp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbOF0sImRhdGFfb2Zmc2V0',
      'cyI6WzM1MDQsMzUyMF19LCJ0cmFuc2Zvcm1lci53cGUud2VpZ2h0Ijp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbOCw4XSwiZGF0YV9vZmZzZXRzIjpbMzUyMCwz',
      'NjQ4XX0sInRyYW5zZm9ybWVyLnd0ZS53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOlsxMSw4XSwiZGF0YV9vZmZzZXRzIjpbMzY0OCwzODI0XX19ICAg',
      'IFc/fT40vto+Cb+GPjc9Zj/SPqI+VT5UPc4+3z5JP+I+3L51Pgy+ET9CPfA+Kz+bvR0/tL6dPQc/LT+rPdS+bz3kvOq+OD4rvzg/pT6nvnE/aD8GvuI+kbyOvSc+',
      'z720vgI/Kb+2Prk8YT43PzE/ET/1vce9ab1Vvf4+Nr9oPoM+DD/YPqc9Kr4MvwM/rT7FPhm/Aj9rvvi+ab83P92+FD8bPh8/8b0QPr2+lD9hPXI/rj81vpm9wz41',
      'P6a+GL9tv/G+Ez7/PR6/sj28PhU/oT4vPwK+rb4XP1c/HD4TP+s+XL4JvrE/G768PpG/Pz8qvoE+sb6tPiQ/+j01Pdo7Sz5OPiY+iz+yvhM9cz6tPnk/qz0NPiu+',
      '1r6QPrg+HT6rvvo+nL63vmc/Rj5NP889WD1hP1i+KL+evjo/Zr7QvSw+nb6pvgE/kD7ZPnM+BD9dv5w+AD9fvgc+qT3lPi09Ab9oPEE/9b6cPAc/dz/Hvjk/BD+p',
      'vXI+4rz+vvG+xr6vP+U+rr6JPRK/Yr5RPzg+vL2mvl6/hj6cPjy9Cr6Hv/U+qD6CPt+9Tz/aPpk9eL7NPlq/WD/RPp+++729vgu/mj4VPo69sz2Xvx2/AT7OPcG+',
      'bD8PPa0+WD+kvrw9ET8evgU+yD4JvwI/MD6Zvhk+sb5vPpy+UrphPjU/RL9Xvws+Gj5wvpi+Zr+dvxm/lD66Pnw/qD/Fvi29Pj5Pv90/yD0QPSK+lT7sPkE/Rj/7',
      'vhY/Tz4/v2i/DL+KP0a/pj4Lv8E+Ib+ePf89lb4jP1a+wb5mPpK+Ar8FP5g9tb7xvK29dr9lPnM9Vz8SvwO/Vz45Pis/BL6lP8k+lj4TvyG/jL88Pa0+o75TvwC/',
      'Uz9BPyS+QD9AP58+6704Pqe+Lr4Avu++2D3pPvY+kj2JPtm8Hr64vdo+Qr+MO+G9Nb99Py6/MT/jvo0+DT7Hvre+qT7WPhE+oj4xvdI+or7Zvi4/DL8VvaW/mD+b',
      'vbU/rDvZPoq+fj8gPyk+LT8RPhG/Fz5EvI++7b4sP5s+2T18PsU+ID9APio+DL9HPw8+DL7dvca+qz7OPsE+Mj+MP2K+Aj5Lv4i/qD4VP5u/jj6LvRa+ir2pPtG+',
      'xj73vV++ir0SPza/574Rv1M/0L7DPuM+EL+9PNk+Jb+DPnG+0j3nvps/TD0YP7o+jz4Ov5i+C7+NPjU/Hj9bvyM/Xz+UPhI/1z5JP4s+MT0MvqM+1b6nPm6+Fj82',
      'v02/YT1VPKo+M76UPu4+Bb/qvpM+zj0hv1i+bj/7PQo/ab84v1G9rr43Owk//bwaP3s+iD6mvbY+0D6BvnU/3T4DP/W+Xz4av52+cj5Uv2Y+Xb4xP26+SL/GPmU/',
      '0L5bP4Y/+DwXv949vz9/PrM++j6kPZM/J79cPg8+Er+ZPjw/J7+cPxq/1T5tvTg+1D6MPNc/Ij41Pqw+GD74Piy+uT4kPsc/mD4kPzU+qT5cv3C+BD/CPok/oT6i',
      'vUo/n76ZP7Q8zr0KPwe/lj4hP5M/Aj9UP7I7kL6bPzo/QT68Poi+QL48Pw6/1b42Pog9vz5cP5Y+WD7gPu++2j1nP+0+TT7oPo0/Gb/4vma8d77xvUa++T3EPmc+',
      '6L6uvZQ+RjyaPpQ/Qz8IP8q9G7+Lvvw87D2avh4/Uj85vRm+kr5EP56+Jr4sP+O9Rb/Evsk+rb2xPoC+VT+4Pgi/8b7XPv4+JT8QP1a+y76hPj29Nz+yvpc9Xz/z',
      'Pga+875+Psw+cj4jO9Q+gj8Mv+y+Aj53vom+Qj83P54+Gj77vTC+X717vqu8Aj6eO5s9HrxtPSu++bzPvaU+mL8MvsM+AT67PsU8cj5qPY++jL5nP1w/vD7lvvC9',
      'Rj+ivpI97z5ZP2o+Kr+ePRM/H79DPzK+Fj8AvvK+kz0lv489GL86P028A79nPvg9Hz6yvjq+Mz59vtI+3T6pPzY/Jz/DPTo+Vb/HPpG+1b7pPgG/+L4ivbS9RT9d',
      'vYE+Ab6KPZk+yD6JPl2/ED/BPrK+Bj+SvXa/zzz3POY92L4ZP9s+Eb8lPrQ+Vr1vPgY/Qz1CP/k9iz5Gv6g+Qz4sv5w+Sb8vP/C+HD/lPjK/qLqIPv6+LD++Pik/',
      '4j1EvzQ+AT8Cv0Q/HD+8vgQ/0b7VvTe/Pr9jvog+vz1WvcQ+NT4oP7m+oz8GPuS8+T6QvRI/Nr75PUK+SD7GPqc+z760vq09tz1Uvio9G78pPwO+Oj+bPs89Tb8P',
      'v30+CD4cPiq/A78zv4e9EL3gvRY/o73pvgE/gz3lPYM9yT4iPmG9oT7fPmy9xD6PPsy+s74wP+G+WL1GPh8/Dj6dvUE/pL3FPQU9PT4OvZA++b2sPle+gj30Ptu+',
      '5r4TPoC9bD5Xvta+6T9yPTQ+Vz77PS8/kL7xvR6/qj7TPgc/xD4Rvxw/bj/6vjo+fb2APq0+FT9IPhM/t76NPky+Or8wPxw/Mj3CvuQ+Mz8BPwG/q74lPx8+Nz+z',
      'PuW9i76iPlI+A748vzu/mLsgv/m+vr46Phe/ob7TPtg9gL3kPgS+uz9DPyY/jD/aPsc+DL/ZPj6/0j5NPrC/T7+Pveu9ET9Uvjc/Rj+2PpY+gj2hPp2/Hz55vSi+',
      'Pj9TPkU+j740vuU+hT87PYg+N78Hvxs/hD//PT2/OD8Fvpa+oL5avvw9Nj0APxE+6b1yPs69Aj+MPpi+Wr7DvRq+1T61Pqo+Ar26vvM+4r7nPtg+oT4Mv7g+Hj8C',
      'P8498z0ePxc+Qz2dPyO9Jb+XPjG+yz4QvQ6/Ar59Ox2+vj4+P969C7/KvqC9iL2JvhW/hz/wvmw/RT/9PYy/vL4IvdA9HT/CPnU/6j7FvbO9hz59P7I/Cz9oPlI/',
      '7z4VPva+Oz9Lvr2+JD7XP9A+OT8ZvYm+YD8WPkA/iD4rvw2/wb7KvmU+mLzoPn8/1r4bv0U/Tj+sPiI9Jb1eP9g+ZT5Ivto9eT46vr69pD1Uv8Y+Cr5Dv6C+BD5y',
      'Pgs/P78Xvm++Rz8EP8O+Lz+ZPhG8rj6bPk2/Jb75Ph4/Ez8Uv50/0D3PPgM+hD7BPTs9ez80vgI/Dz0XPlA9xr56Pn4/TL54PUM+jD9mPxI9Ib68Pu69tr2qPrQ+',
      '0j0OP96+8T3VvtM+ar/0vto+Fr8tPiC/fD4uP+Y+JTzgvtc+VT5cvry+0bxtvrW9DT8TPsI+Pb8av+Y+kT6hPpO9Bz97P6u+0b7gvVc/UD7YPls/B74mv5++974G',
      'Pk6+XL6LvYy/lD8vvxO/Qb+6vgy/FD79vTY/Fz+8vrk+CD+QvrA+Mr6CPLY92T6ePho+tL8NPzc/6L0Jv8S+hr5XvjA/ND8RPm0/1zs2P4c+mz5mP40/iD7/Pkw/',
      'vD2DPii+h77xPu++Gb6zPh4+5L62vis/aT98PpI+2T6wvdI8rb63PUa/4Tw0P4c/7j5rPX4+DT5NP/49Nz+NPoY+4r5LPtk+7b0/vpA98D0EP4O/GL8Fvlk/5T0z',
      'vr88zb7BvmE/8r5HPVs/Xz/BvmI/I75DvhQ/gD6GPgQ/fLy8vgI/xL7dvL8+8D6BvsO+wb3PPgi+j75fPye+Rb89P02+ND6fPwK/Mr/+vQ8/ZT8rvms+KD8MP3i+',
      '4T67Pou+ar7wvSE9jD62PtE8hr6tvBG+vz6uvkw9Fb+dPbc+/73APbm9nz4hP+s+GL11PyO6/L2bPqu6CT8zPIK9Cz8VPwW8fD+iPhY+Gb8XP9G+kb6EvQE+Dj+H',
      'P5m+J7+fPtQ+lT6pP1m/NT0/v/A+lT5fP9a+17yJPZy95b16vsE+ET4av+m+1D4ov5C9qz0MP+6+Cr57vhu/CT+8vgm+ST0EPmQ++74jPmE/277Yvc8+hb6hPqY+',
      'pL4Zv9c+CT5tPJ4+A79SvvO9fj8+Pnq9s76aPnu/hT3uvhc+gD6xPok+Yz46v5M+KT7tvcw+576BPp2+Gj8zvyg+hT4mP7I+Lb5Ev0U+JL8svhq8CL7vvW0/E78Y',
      'Pzo+X77FvsO+zD/0PrI+mj5QPiC+Lr5+vx0+oj85P5m82j2ZPOo9rL6GPko+1D1RPic9ir6HPza+mT6zPkM/e7+yPrC8Sj+Kvg+/ST8EP/a+ib57PvO+mL51PAs/',
      'gr65vhw/KT8Qv2Q/o752vmg+Rj5bP1m+2r5RPxI/Iz+OPMa+YD9/P7o9QT+vvcK+bT0xP6I9nL7dPq++4j6iPhE/BT9Ivt8+Br1VPxQ/qL6fPsS+4j71Pk496T6v',
      'Pig/dT0JP6U+Rj+iP52+Bj+HvWk+Az+7vhI+hj+hv4c+Kj9GPmg+FT9OP/g+Z74QvgI/eL8HvyA+Oj4aPQO+Bz9KvTc/Ab6dPTi9Xz0Mv0w/gD5lP/K+nz2nPRU+',
      'j74Mv2G+KD6yv4O+CL8UvrI99T4mvXc+qr5MvHE/Nr1NPie/qb4tP9k+zb4ivjO/8T4Nv/k9776bPtI+175JP/m9Gj83voc+rT5MP5k+cD+7PhW+OT+EPQ6/2zz8',
      'PiM+ir5vO3C/lD1fPYg+Ez4lv5y+BT5Nvhc/iD9VP/89KL6OvNo+Pj+CvgW/8z6TPl++lT4oP32+HT6/PlM+r77iPvU+PzwJv4C+q778PSA+9Lx8vkM+rT4/vxU9',
      'JL+Fvnk9tD65vgw/mD4CO5Q6Ab/ZvqI+XT9HPCm/CT9JPww9ED8RPbC+Ar5PPlO+oT6avjk/SL4lP+q+LD9NP5S9jb+pvOK+wj2nvgG9V70eP4Y+ej5BP4w+Ej/I',
      'vFi/Ez8hPKc/Nr7mPvU+CD+vPpI+gD6BPqY/rj3CvQE+cr/6Pm09CL0JP2A+PD+RvUk/P750PQI+Nz/2vXU9Aj8kP/W++z4VPy2/nj0Cv0c/4D1gvqs/zD4fP5w9',
      'Ub9Ovi4/uD6BvoY/jT9NPnU8cD4ov5o/Qz8oPjM+hr4nv6y9Wr4UvxY/Sb80v38+ID6BvoM+gz5GPwa/sr5MP+g+8by4Prw9PD9Rvj8/1r5Ov0s/Ab16P9a7PD6x',
      'vtY+0D+vv5O+zz7EPUa/JL4HPiu+qr4QP5U+Lr5aPxI/Zj9kPQu88L2EPTW/tz5eP9C+UT/jvZI+aL5RPp2+xD45v0Q+Ij4PPS8/Wr9Rv38+Zr+fPg8/iLocvy6/',
      'oj2KP7a+Ez8KPpg+',
    ].join(''),
    'base64',
  ),
  logits: [
    [0.5794748, 0.09354321, 0.8699352, 0.2884352, -0.7978661, 0.07371723, 0.6465398, -0.9767983, -0.7913115, -1.093638, -1.229903],
    [-0.01169557, -0.7168526, 0.4193879, 0.004577139, -0.2693369, -0.130714, 1.33372, 0.4075658, -0.6494757, -0.3741781, 0.180684],
    [-0.08946821, -0.7648739, 0.1681951, -0.1663543, -0.492155, -0.1141967, 1.170547, 0.2692466, -0.765362, -0.1747031, 0.01557512],
    [0.4885594, -0.1289266, 0.9514952, 0.4491902, -0.5321493, -0.03941397, 1.033469, -0.4438213, -0.6224488, -1.082528, -0.6263933],
    [0.1279348, -0.9829337, 0.1776349, 0.2793919, -0.5803879, -0.1712153, 1.466333, 0.5457941, -0.582858, -0.2838567, 0.3895139],
    [-0.04292722, -1.095482, 0.09075977, 0.1561612, -0.5037999, -0.1964878, 1.563761, 0.7645855, -0.5930752, -0.157669, 0.614733],
  ],
};

/** `LlamaForCausalLM`. */
export const LLAMA_FOLDER: FolderFixture = {
  config:
    '{"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 10, "dtype": "bfloat16", "eos_token_id": 10, "head_dim": 4, "hidden_act": "silu", "hidden_size": 8, "initializer_range": 0.02, "intermediate_size": 12, "max_position_embeddings": 8, "mlp_bias": false, "model_type": "llama", "num_attention_heads": 2, "num_hidden_layers": 2, "num_key_value_heads": 1, "pad_token_id": null, "pretraining_tp": 1, "rms_norm_eps": 1e-06, "rope_parameters": {"rope_theta": 500.0, "rope_type": "default"}, "tie_word_embeddings": false, "transformers_version": "5.17.0", "use_cache": true, "vocab_size": 11}',
  generationConfig:
    '{"_from_model_config": true, "bos_token_id": 10, "eos_token_id": 10, "output_attentions": false, "output_hidden_states": false, "transformers_version": "5.17.0", "use_cache": true}',
  weights: Buffer.from(
    [
      '8AcAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJsbV9oZWFkLndlaWdodCI6eyJkdHlwZSI6IkJGMTYiLCJzaGFwZSI6WzExLDhdLCJkYXRh',
      'X29mZnNldHMiOlswLDE3Nl19LCJtb2RlbC5lbWJlZF90b2tlbnMud2VpZ2h0Ijp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbMTEsOF0sImRhdGFfb2Zmc2V0cyI6',
      'WzE3NiwzNTJdfSwibW9kZWwubGF5ZXJzLjAuaW5wdXRfbGF5ZXJub3JtLndlaWdodCI6eyJkdHlwZSI6IkJGMTYiLCJzaGFwZSI6WzhdLCJkYXRhX29mZnNldHMi',
      'OlszNTIsMzY4XX0sIm1vZGVsLmxheWVycy4wLm1scC5kb3duX3Byb2oud2VpZ2h0Ijp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbOCwxMl0sImRhdGFfb2Zmc2V0',
      'cyI6WzM2OCw1NjBdfSwibW9kZWwubGF5ZXJzLjAubWxwLmdhdGVfcHJvai53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOlsxMiw4XSwiZGF0YV9vZmZz',
      'ZXRzIjpbNTYwLDc1Ml19LCJtb2RlbC5sYXllcnMuMC5tbHAudXBfcHJvai53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOlsxMiw4XSwiZGF0YV9vZmZz',
      'ZXRzIjpbNzUyLDk0NF19LCJtb2RlbC5sYXllcnMuMC5wb3N0X2F0dGVudGlvbl9sYXllcm5vcm0ud2VpZ2h0Ijp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbOF0s',
      'ImRhdGFfb2Zmc2V0cyI6Wzk0NCw5NjBdfSwibW9kZWwubGF5ZXJzLjAuc2VsZl9hdHRuLmtfcHJvai53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls0',
      'LDhdLCJkYXRhX29mZnNldHMiOls5NjAsMTAyNF19LCJtb2RlbC5sYXllcnMuMC5zZWxmX2F0dG4ub19wcm9qLndlaWdodCI6eyJkdHlwZSI6IkJGMTYiLCJzaGFw',
      'ZSI6WzgsOF0sImRhdGFfb2Zmc2V0cyI6WzEwMjQsMTE1Ml19LCJtb2RlbC5sYXllcnMuMC5zZWxmX2F0dG4ucV9wcm9qLndlaWdodCI6eyJkdHlwZSI6IkJGMTYi',
      'LCJzaGFwZSI6WzgsOF0sImRhdGFfb2Zmc2V0cyI6WzExNTIsMTI4MF19LCJtb2RlbC5sYXllcnMuMC5zZWxmX2F0dG4udl9wcm9qLndlaWdodCI6eyJkdHlwZSI6',
      'IkJGMTYiLCJzaGFwZSI6WzQsOF0sImRhdGFfb2Zmc2V0cyI6WzEyODAsMTM0NF19LCJtb2RlbC5sYXllcnMuMS5pbnB1dF9sYXllcm5vcm0ud2VpZ2h0Ijp7ImR0',
      'eXBlIjoiQkYxNiIsInNoYXBlIjpbOF0sImRhdGFfb2Zmc2V0cyI6WzEzNDQsMTM2MF19LCJtb2RlbC5sYXllcnMuMS5tbHAuZG93bl9wcm9qLndlaWdodCI6eyJk',
      'dHlwZSI6IkJGMTYiLCJzaGFwZSI6WzgsMTJdLCJkYXRhX29mZnNldHMiOlsxMzYwLDE1NTJdfSwibW9kZWwubGF5ZXJzLjEubWxwLmdhdGVfcHJvai53ZWlnaHQi',
      'OnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOlsxMiw4XSwiZGF0YV9vZmZzZXRzIjpbMTU1MiwxNzQ0XX0sIm1vZGVsLmxheWVycy4xLm1scC51cF9wcm9qLndlaWdo',
      'dCI6eyJkdHlwZSI6IkJGMTYiLCJzaGFwZSI6WzEyLDhdLCJkYXRhX29mZnNldHMiOlsxNzQ0LDE5MzZdfSwibW9kZWwubGF5ZXJzLjEucG9zdF9hdHRlbnRpb25f',
      'bGF5ZXJub3JtLndlaWdodCI6eyJkdHlwZSI6IkJGMTYiLCJzaGFwZSI6WzhdLCJkYXRhX29mZnNldHMiOlsxOTM2LDE5NTJdfSwibW9kZWwubGF5ZXJzLjEuc2Vs',
      'Zl9hdHRuLmtfcHJvai53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls0LDhdLCJkYXRhX29mZnNldHMiOlsxOTUyLDIwMTZdfSwibW9kZWwubGF5ZXJz',
      'LjEuc2VsZl9hdHRuLm9fcHJvai53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls4LDhdLCJkYXRhX29mZnNldHMiOlsyMDE2LDIxNDRdfSwibW9kZWwu',
      'bGF5ZXJzLjEuc2VsZl9hdHRuLnFfcHJvai53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls4LDhdLCJkYXRhX29mZnNldHMiOlsyMTQ0LDIyNzJdfSwi',
      'bW9kZWwubGF5ZXJzLjEuc2VsZl9hdHRuLnZfcHJvai53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls0LDhdLCJkYXRhX29mZnNldHMiOlsyMjcyLDIz',
      'MzZdfSwibW9kZWwubm9ybS53ZWlnaHQiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls4XSwiZGF0YV9vZmZzZXRzIjpbMjMzNiwyMzUyXX19ICAgICAgHL6dPvU9',
      'aD8BvEE/Qz4avzW+m70hv8Y9Dr/KPlG+4D7BPkg/FD9Ivvc9Nj8FvgM8Jj8AP/Q+5T5SP76+VT8CP/Q92D5dP1c/eT3FPhi+kD5WvjC9CT9Bv5E/9D2Mvhc+3D3b',
      'PRY+zD7TPpq+Br8nv+0+yj+xvd66gb5hv1A/Ar+vPl68zb8sP1i/D7+7v7Q9Ur5lP9c+0D45viM/Mb+3PhG/4D7bvLk+mj6dP40+KT+fPkk+pz6Gvdg+LL44PTG+',
      'bD6yP76+tb7pPoM+mz7Qvgw/pT4Sv449W74cv2Y9nT/aPiW/mD4Vv30/vT4XPjW+U75YP3s+A78VPn+8dD/rOns+ID9oPqK+zb1zvio+gj+dvl+/B7+8viM+Yr2i',
      'vtG+EL9fPue+gD7evgY/Tr03Pjy+PzxJPwa+Mz/ePqu9VT8Mvzk/jb5pvy4+m75TPgA+7D3RvTc+lj7TPCq/Uz2ZPQk/fj9BP4I/cz6XPvs+Cr0UPxa8GT1pPhE/',
      '974WPwa/tD7LPjO/tz3XvgO/mD4sP3Y+GL6fPpe+I7/qPVA/bz6aPk4++T4fvj2/kD7tvls/Bj/vvsQ+w74cPCW+9L7qvFK+4jtAPY+90D4qP6g+TT7hPh8/1j0M',
      'Pss/IT8Wv9w9Nj/pPfI+Jb8Nv6I9I77GPtw+GL8iv8Y+Hj8IPoY9cb4PP3m+qb79Pm09jz4nvyY/sD7kPSQ/tT3BPRM+0z6pPqA+ET+pPtC+cz+BvVC9Cj9CPvQ+',
      'gb53vuY+Hj7ovsQ+eD3PviY/o71JOgK+Ir3yvhe+QD/WPkM++D6/vM6+KD+4vQ0+HT9mv2++Az0rvVg9gz3Gvse+rD/EvhY/gr0hPyO9KL6xP4I+EjvyPoa92D4w',
      'vy4+Jz+IvQW+JL+ZPX8/Gj83vY++XD+Dv40/9L5Jviw+ej5vPYY9Lb9fP3E98b42Pbw+kr25Pu++sT7dPsW+o7zcPlA/yj5/PaG+KD8GP6s+nD4JP5k+kT/uviM/',
      'SD9TPj6+Rj8Pv9e+AL4Jv2M+Vj+ovrK+GD0ivvg9p75NPz0/6T3bveY+kD9xP2a+xr7TPs0+7Lx8vzY+Yb+8unK/n742vyU/Bz6jPtk+Vb9fPgI/hL+1Pgu/l76i',
      'vSm9Cj+LPzi+hr+iPt8+tTxpO4g+VT5Av0A/Az1xPf08vj55v2w/NT6VvQa/Cj+IvpG8H789Pri+Kj6BPqy8bD0+P1A/Vr46vdW9GD+NPrK+K7/QPvU+pD6WPjY/',
      'JD6QPvy+t75PPzy+nL6Ivla/iL5dvSc+5z6HvxA/Ez+ZvTg/Lb8nvrc+gz8sv0M/B76mPzg/1L46v1g+yb38voi+ij3sPji9bb1wvpw+3b2ivrU+Mb6HPfU+Lr4K',
      'v0O+5T1DPnM8+L4/Pyg+hLsTvpQ+Yj6hvri+HD8hvG4/GD8hv4i+c78bPz++cT8YPzE/sz2VPZW9kjz6PSI/ir6QPOw9BD9qPnW+lD5ovsS/Kj/7vRc/cj6yPYS+',
      'K7+ePq8/5z6TPy8+WL7ZPoK+QL8wv9E+hb7mvmI9rL5HP6U+Hj+cPtk9gj4RvyS8Wr62vYg/AD+VP8A+DL7SPqu+mT9IvpM+KL9qPl4+2z7VvjM+Fby7Pbu9yb05',
      'vJ8+Mb9PPwq/cz4VPqY+X785PpK9o76uPhA+mz8pvcc+az88P40/Nr0ev+++Wb4WP6O+mDyiPri+F7+HPj+/nb4kPxI9uD7tuvw9Cr+hPo0+Sz/QPgW/k7wcP0u+',
      'mT6hPqC9or7lvu69lD7pPhg+tz66vhY9xD5BP8o9hD4DPzg+pL8zP52+Hz/AvRI/hz9FP4w+SLyhPh+/Fz4kP5m+1j4fP3m/+z6xPo6+J75QPVY+X793v0W/k74H',
      'P3U/zD1KPgs+qD6JPdk97z0IPh0/gT6Zvoc+UD2ivQg+br77PGO/jrutPT4/Sr5Kvjm+NL9PPiA/u74APkM/0L6/vjq+Bj8nPic/kL+KvX08Nb4SPoU+iz8LP8E+',
      'BT+VvhI/LD/0vrG+/z5cPkU+SL6HvlG+Kjw0viq/PL+jPms+WD53v86+Hz8OP+w8Ur20vjc+bT8xv2m+aj/MOw+9PT/wvmC/3z4RvMw9Wj/KveU+AT0OPSG/pT6n',
      'PdO76L07v0y+Fj0UP8Q9ob6gPjO+l777Pjm9Vr9oPkE9i79aPzw+xL4JvyS+Ib8CP4A96j7UPgE+Rr94vjs8Gr8OvqE+ID1uvV0/Ez9OvoS8B78nP/i+KT64Pq2+',
      '7T5HPuc+kL4bvwc/2DwDv5q+3D3svu4+z75XPYk9Jr9KPuc9Gj4UP6s+1rzHvjw/nz7kvps/Xr3GP/K+Hr+Vvhe/mD6zPg+/lL+yvhA/Fz/Nvsa+Pr6JvLO+q70U',
      'v2Q9Fr4SvxQ/MT6kPI8+bD6LPp6+EL+bP6c+gT0Qv7a++L4NPwU/2T5av7M+KD9pPic+MD8lvSq/kD4vvwM/Bz44P8E9fT8nPiY/QT+6vs6+cr9wP0g+wr7wvIu+',
      'ET8XP/o+dr6TvRw/2r4Yvvc+Oj1Jv9I8SD5nvlU9wr5SvRm+Hj5Qvgu/rb3+PSM/yD77vhc/Kb/IvkI/6zw7P5s+3L6vvS09Kb7zvnm/Pz3QPgy/cT+kvKc+Jz5z',
      'P6K+rb1/vri+w75xP6S+/j6RPi0/BL8SPwS/Q79QP12/B794P0i+yj6jvpQ+B74cv6C+Cr6NPzM/Eb9NvXc+cL84P9s+P79FP2U+Gr+JvuY+Wj8MP7k9cj/EvWM+',
      'Wb72PfI+JD+EvsS9X7+Rvpc/Lb6aPmY/AT9/P4o/tD7tPia99z3PPWg/uL2TPkc+sD0zPzc9FD7zPhw/uD7APgE/tj4VPjA/Fb6KPmo/jj4mv+O+dr9Zvi8/5L4E',
      'P5o/KD/OPS6/4b4rP/W+1r1jPnC/F787Ppe/hb5fP6i9ZL5gv3W+vz5Cvkg/7b5/vd++975dP/8+Bz+0PZO8ET/2PuQ+pD5UviI/Or+1vcw9sT6ZvSm/ED0HPw4/',
      'pz53vlo/Yz9hv+o9eT9Lv2i+6b6zP8k/XD1gvnY/ET7GvZo8Ij+Sv40+0b7wvi8/Er+wPtY+Lr8aP+G9FD8YvvS+gT8Hvxc+/T0xP8Q+bD6uvmY/nz4ZP0q++j6v',
      'Pdi+8z4gvvK+AL6RPq2+zTsZP6A+',
    ].join(''),
    'base64',
  ),
  logits: [
    [-0.7306574, 0.1826503, -0.6274956, -0.5212371, -0.7799362, 0.3352624, -0.5020887, -1.19951, -0.3266382, -0.8684443, -0.2168243],
    [-0.248209, 0.1299006, -0.3383335, -0.7566869, -0.5425449, -0.1510451, -0.1432891, -0.4115396, 0.1610499, -0.4619914, -0.4559689],
    [-0.2331985, 0.07288116, -0.7890059, -0.619791, -0.7123991, -0.2719997, -0.3830228, -0.8901098, -0.4715271, -1.139142, -0.4978712],
    [-0.2377488, 0.05300564, -0.8091467, -0.5546844, -0.707724, -0.1700967, -0.3531754, -0.9626173, -0.4965226, -1.143969, -0.4327945],
    [-0.2566509, 0.146233, -0.8688536, -0.7612108, -0.7537531, -0.3417857, -0.4250897, -1.025489, -0.3719078, -1.161293, -0.5169949],
    [-0.7423347, 0.1500751, -0.6351481, -0.6970212, -0.7408201, 0.3970074, -0.3857301, -1.440865, -0.224986, -0.8293586, -0.349111],
  ],
};
