import { appendFileSync, readFileSync } from 'node:fs';
import { PROTOCOL, parentMessage, type GenerationMessage } from '../../src/generations/messages.js';

/*
 * A generation that only talks, as a process of its own: argv has a file with one behaviour per start, and a file for
 * what it heard. Behaviours: good, or what goes wrong and when.
 */
const [plan = '', diary = ''] = process.argv.slice(2);
const started = readFileSync(diary, 'utf8')
  .split('\n')
  .filter((line) => line.endsWith(' started')).length;
const behaviours = readFileSync(plan, 'utf8').split('\n');
const behaviour = behaviours[Math.min(started, behaviours.length - 1)] ?? 'good';
const name = started + 1;
const note = (text: string): void => appendFileSync(diary, `${name} ${text}\n`);
const say = (message: GenerationMessage): void => void process.send?.(message);

note('started');
process.on('disconnect', () => process.exit(0));
process.on('message', (value) => {
  const message = parentMessage(value);
  if (message === undefined) return;
  note(message.kind === 'note' ? `note ${message.text}` : message.kind);
  switch (message.kind) {
    case 'prepare':
      if (behaviour === 'dies unready') process.exit(3);
      if (behaviour !== 'never ready') say({ kind: 'ready' });
      break;
    case 'take-over':
      if (behaviour === 'dies at take-over') process.exit(3);
      say({ kind: 'in-charge' });
      if (behaviour === 'dies in charge') setTimeout(() => process.exit(3), 100);
      break;
    case 'release':
      if (behaviour !== 'deaf') say({ kind: 'released', handOver: { remembered: [], guests: [] } });
      break;
    case 'stop':
      if (behaviour !== 'deaf') process.exit(0);
      break;
    default:
  }
});
if (behaviour === 'bad configuration') {
  process.send?.(
    { kind: 'failed', exitCode: 78, sentences: ['one', 'two'] } satisfies GenerationMessage,
    () => process.exit(78),
  );
} else {
  say({
    kind: 'loaded',
    protocol: behaviour === 'newer' ? PROTOCOL + 1 : PROTOCOL,
    stateDirectory: null,
  });
}
