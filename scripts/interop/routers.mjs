// Other people's servers with a halley router before them: what goes in, out, and round in a circle, as a table.
//
//   scripts/interop/run router
import { Server, pause, until } from '../e2e/server.mjs';
import { Ear, Mouth, Other, metric, servers } from './servers.mjs';

const COUNT = 1000;
const numbers = Array.from({ length: COUNT }, (_, n) => n);

/** Fails unless the list is what was said, in order and once. */
async function hears(list, wanted, what) {
  await until(() => list.length >= wanted.length, `${wanted.length} messages ${what}, has ${list.length}`, 60000);
  await pause(200);
  if (JSON.stringify(list) !== JSON.stringify(wanted)) throw new Error(`${what}: heard ${JSON.stringify(list).slice(0, 200)}`);
  list.length = 0;
}

/** What somebody hears of a pattern at a server. */
async function ear(test, url, pattern) {
  const list = [];
  const one = new Ear(url, pattern, ({ data }) => { if (data === 'there') one.there = true; else list.push(data); });
  test.ends.push(() => one.close());
  // Until it hears: only a message tells that a subscription holds on the way from far away.
  const mouth = new Mouth(url);
  await until(async () => { mouth.say(pattern.replace(/\*+$/, 'x'), 'there'); await pause(100); return one.there; }, 'the subscription');
  await mouth.close();
  await pause(300);
  return list;
}

async function speak(url, channel, list) {
  const mouth = new Mouth(url);
  for (const n of list) mouth.say(channel, n);
  await mouth.close();
}

const checks = {
  /** What is published at the other server comes to subscribers here. */
  async in(test) {
    const here = await ear(test, test.halley.url, '/in/*');
    await until(() => metric(test.halley, `halley_upstream_subscriptions{upstream="${test.other.url}"}`), 'the subscription there');
    await pause(500);
    await speak(test.other.url, '/in/a', numbers);
    await hears(here, numbers, 'in');
  },
  /** What is published here comes to subscribers of the other server. */
  async out(test) {
    const there = await ear(test, test.other.url, '/out/*');
    await speak(test.halley.url, '/out/a', numbers);
    await hears(there, numbers, 'out');
  },
  /** A circle: whoever publishes, both sides hear it once. */
  async both(test) {
    const [here, there] = [await ear(test, test.halley.url, '/both/*'), await ear(test, test.other.url, '/both/*')];
    await pause(500);
    here.length = there.length = 0;
    await speak(test.halley.url, '/both/a', numbers);
    await hears(here, numbers, 'here');
    await hears(there, numbers, 'there');
    await speak(test.other.url, '/both/a', numbers);
    await hears(here, numbers, 'here');
    await hears(there, numbers, 'there');
  },
  /** The other server is killed and comes back, which knows nobody: all goes on. */
  async restart(test) {
    const here = await ear(test, test.halley.url, '/in/*');
    await test.other.stop();
    await pause(500);
    await test.other.run();
    const mouth = new Mouth(test.other.url);
    await until(async () => { mouth.say('/in/a', 'again'); await pause(250); return here.includes('again'); }, 'a message after the restart', 60000);
    await mouth.close();
    await speak(test.halley.url, '/out/a', ['last']);
  },
};

async function run(kind) {
  const test = { ends: [], row: {} };
  try {
    test.other = await Other.start(kind);
    test.ends.push(() => test.other.stop());
    test.halley = await Server.start('--upstream', test.other.url, '--route', '/in/** in', '--route', '/out/** out', '--route', '/both/** both');
    test.ends.push(() => test.halley.stop('SIGKILL'));
    await until(() => metric(test.halley, `halley_upstream_connected{upstream="${test.other.url}"}`), 'the upstream');
    for (const [name, check] of Object.entries(checks)) {
      const before = test.ends.length;
      try {
        await check(test);
        test.row[name] = 'ok';
      } catch (error) {
        console.error(`${kind.name}, ${name}: ${error.message}\n${test.halley.log.slice(-1000)}`);
      }
      for (const end of test.ends.splice(before)) await end();
    }
  } catch (error) {
    console.error(`${kind.name}: ${error.message}`);
  }
  for (const end of test.ends.reverse()) await end();
  return test.row;
}

const names = Object.keys(checks);
const chosen = process.argv.slice(2);
const wanted = servers.filter(({ name }) => !chosen.length || chosen.some((part) => `router ${name}`.includes(part)));
const line = (cells) => console.log('| ' + cells.join(' | ') + ' |');
if (wanted.length) {
  console.log('');
  line(['server behind a router', ...names]);
  line(['server', ...names].map(() => '---'));
}
let failed = 0;
for (const kind of wanted) {
  if (kind.absent) {
    line([kind.name, 'absent: ' + kind.absent, ...names.slice(1).map(() => '')]);
    continue;
  }
  const row = await run(kind);
  line([kind.name, ...names.map((name) => row[name] || 'FAIL')]);
  failed += names.filter((name) => !row[name]).length;
}
process.exit(failed ? 1 : 0);
