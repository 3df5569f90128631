/**
 * A file written by safetensors 0.8.0 with PyTorch 2.13.0:
 *
 * save({'b.bf16': torch.tensor([[1.5, -0.3333], [float('inf'), 3e-39]], dtype=torch.bfloat16),
 *  'h.f16': torch.tensor([1 / 3, -65504., 6e-8], dtype=torch.float16),
 *  'w.f32': torch.tensor([[0.1, -2., 3.5], [1e-40, 7., -0.]]), 'd.f64': torch.tensor(math.pi, dtype=torch.float64),
 *  'i.i32': torch.tensor([-2147483648, 2147483647], dtype=torch.int32), 'l.i64': torch.tensor([[-9007199254740993]]),
 *  'u.u8': torch.tensor([0, 128, 255], dtype=torch.uint8), 's.i8': torch.tensor([-128, 127], dtype=torch.int8),
 *  'm.bool': torch.tensor([True, False, True]), 'x.i16': torch.tensor([-3, 4], dtype=torch.int16),
 *  'e.empty': torch.zeros((0, 5)), 'ü': torch.tensor([42.])},
 *   {'format': 'pt'})
 */
export const WRITTEN_BY_PYTHON: Uint8Array = Buffer.from(
  [
    '6AIAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJsLmk2NCI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbMSwxXSwiZGF0YV9vZmZzZXRzIjpb',
    'MCw4XX0sImQuZjY0Ijp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOls4LDE2XX0sImUuZW1wdHkiOnsiZHR5cGUiOiJGMzIiLCJzaGFw',
    'ZSI6WzAsNV0sImRhdGFfb2Zmc2V0cyI6WzE2LDE2XX0sIncuZjMyIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDNdLCJkYXRhX29mZnNldHMiOlsxNiw0MF19',
    'LCLDvCI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzQwLDQ0XX0sImkuaTMyIjp7ImR0eXBlIjoiSTMyIiwic2hhcGUiOlsyXSwi',
    'ZGF0YV9vZmZzZXRzIjpbNDQsNTJdfSwiYi5iZjE2Ijp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbMiwyXSwiZGF0YV9vZmZzZXRzIjpbNTIsNjBdfSwiaC5mMTYi',
    'OnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls2MCw2Nl19LCJ4LmkxNiI6eyJkdHlwZSI6IkkxNiIsInNoYXBlIjpbMl0sImRhdGFf',
    'b2Zmc2V0cyI6WzY2LDcwXX0sInMuaTgiOnsiZHR5cGUiOiJJOCIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzcwLDcyXX0sInUudTgiOnsiZHR5cGUiOiJV',
    'OCIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzcyLDc1XX0sIm0uYm9vbCI6eyJkdHlwZSI6IkJPT0wiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls3',
    'NSw3OF19fSD////////f/xgtRFT7IQlAzczMPQAAAMAAAGBAwhYBAAAA4EAAAACAAAAoQgAAAID///9/wD+rvoB/IQBVNf/7AQD9/wQAgH8AgP8BAAE=',
  ].join(''),
  'base64',
);
