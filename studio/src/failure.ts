/** What went wrong, in words that say what to do, and the code under which the documentation has it. */

/** See the file's head. */
export interface Failure {
  readonly message: string;
  readonly code?: string | undefined;
}

/** An answer of the server that is an error. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: string | undefined;

  constructor({ message, code }: Failure) {
    super(message);
    this.code = code;
  }
}

/** The failure that an error's answer tells. */
export async function failureIn(answer: Response): Promise<ServerError> {
  const body = (await answer.json().catch(() => undefined)) as
    | { readonly error?: { readonly message?: string; readonly code?: string | null } }
    | undefined;
  return new ServerError({ message: body?.error?.message ?? unexplained(answer.status), code: body?.error?.code ?? undefined });
}

function unexplained(status: number): string {
  if (status === 502 || status === 503 || status === 504)
    return `The server cannot be reached: what stands before it answered ${status}. Try again in a moment.`;
  return `The server answered ${status}. Its log may say why.`;
}

/** What a person is told of an error: the server's own words; a browser's, for a connection that fails, say little and differ. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ServerError) return { message: error.message, code: error.code };
  if (error instanceof TypeError) return { message: 'The server does not answer any more. When it is back, go on from here.' };
  return { message: error instanceof Error ? error.message : String(error) };
}
