// A document's commands, run as a reader would copy them: every line of its indented blocks, in order, in one bash, in a folder that looks
// like the project's. What the reader sees with his own eyes before he goes on (a receiver that listens, a webhook that came) is waited for
// by `after`; what he would notice as wrong (an HTTP error, an exit code) ends the run.
import fs from 'node:fs';
import path from 'node:path';

// [{ section, text }], a command that goes on in the next line as one.
export function commandsOf(markdown) {
  const commands = [];
  let section = '', goesOn = false;
  for (const line of markdown.split('\n')) {
    section = /^#+ (.*)/.exec(line)?.[1] ?? section;
    if (!line.startsWith('    ') || !line.trim()) continue;
    const text = line.trim();
    if (goesOn) commands.at(-1).text += `\n${text}`;
    else commands.push({ section, text });
    goesOn = text.endsWith('\\');
  }
  return commands;
}

// Runs them in `folder`: { code, said: what each printed, by its place; last: the place of the command that ran last }. after: [[pattern,
// more]], bash that waits behind a command that fits. again: patterns of commands that a reader would try again after a moment. run: runs a
// bash script, resolves to { code }.
export async function runCommands(commands, { folder, after = [], again = [], run }) {
  const script = path.join(folder, 'commands'), out = path.join(folder, 'out');
  const more = (text) => after.filter(([pattern]) => pattern.test(text)).map(([, then]) => then);
  const tried = (text) => again.some((pattern) => pattern.test(text)) ? `until ${text}\ndo sleep 0.1; done` : text;
  const lines = commands.flatMap(({ text }, i) => [`printf '\\n@@%d\\n' ${i}`, tried(text), ...more(text)]);
  fs.writeFileSync(script, ["trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", 'set -eo pipefail', `cd ${folder}`, `export HOME=${folder}`,
    'curl() { command curl --fail-with-body "$@"; }', ...lines].join('\n'), { mode: 0o644 });
  const done = await run(`timeout 80 bash ${script} >${out} 2>&1`);
  const said = fs.readFileSync(out, 'utf8').split(/\n@@(\d+)\n/).slice(1);
  const printed = new Map();
  for (let i = 0; i < said.length; i += 2) printed.set(Number(said[i]), said[i + 1]);
  return { code: done.code, said: commands.map((_, i) => printed.get(i) ?? ''), last: Math.max(...printed.keys()) };
}
