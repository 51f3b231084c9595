// What the JavaScript drivers share: commands come as lines of JSON, and what happens is told likewise.
import { createInterface } from 'node:readline';

export const [, , url, transport, library] = process.argv;

export const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');

/** Runs the commands that come, by name; a driver ends with its input. */
export function follow(commands) {
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const command = JSON.parse(line);
      commands[command.do](command);
    })
    .on('close', () => process.exit(0));
}

/** What is told of an event's data: numbers as they are, of texts the length. */
export const sizeOf = (data) => (typeof data === 'string' ? String(data.length) : data);

export const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);

export const areBytes = (data) => data instanceof ArrayBuffer && Buffer.from(data).equals(Buffer.from(bytes));
