// The clients that people use, over TLS: each library and each transport, with a certificate of an authority of our own.
import { after, it } from 'node:test';
import assert from 'node:assert/strict';
import { connect } from 'node:tls';
import jsforce from 'jsforce';
import { Authority } from './authority.mjs';
import { launch, openInPage } from './browser.mjs';
import { openCometd, openCometdSocket, openFaye, openFayeSocket } from './libraries.mjs';
import { until } from './server.mjs';
import { story } from './story.mjs';

const authority = await Authority.make();
const strangers = await launch();
const newest = await launch(authority.flag);
const older = await launch(authority.flag, '--ssl-version-max=tls1.2');

after(async () => {
  for (const { close } of [strangers, newest, older]) await close();
  await authority.close();
});

it('nobody who does not know the authority is served', async () => {
  const server = await authority.serve();
  const anyhow = await fetch(server.url).catch((error) => error);
  assert.equal(anyhow.cause?.code, 'SELF_SIGNED_CERT_IN_CHAIN');
  const page = await strangers.context.newPage();
  await assert.rejects(page.goto(server.origin), /ERR_CERT_AUTHORITY_INVALID/);
  await server.stop();
});

/** Starts a server, and has the libraries of Node speak one version with it. */
const serve = (version) => (...flags) => {
  authority.trust(version);
  return authority.serve(...flags);
};

/** What a connection of this process, or a page of a browser, has agreed upon with a server. */
async function agreed(server, browser) {
  if (browser) {
    const page = await browser.context.newPage();
    const response = await page.goto(server.origin);
    const { protocol, issuer } = await response.securityDetails();
    await page.close();
    return [protocol, issuer];
  }
  const { hostname, port } = new URL(server.origin);
  const socket = connect({ host: hostname, port });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const answer = [socket.getProtocol().replace('v', ' '), socket.getPeerCertificate().issuer.CN];
  socket.destroy();
  return answer;
}

// Faye's client hears of the end of its stream's session by its next connect, which follows when one has been held for long.
const SOON = ['--hold', '4s'];

/** Registers the stories of one version: of all libraries, and of halley.js by its transports. */
function tell(version, browser, transports) {
  const said = version.replace('v', ' ');
  it(`libraries and browser speak ${said}`, async () => {
    const server = await serve(version)();
    for (const who of [undefined, browser]) assert.deepEqual(await agreed(server, who), [said, 'An authority for tests']);
    await server.stop();
  });
  const one = (name, type, open, openPeer) => story(`${name}, ${type}, ${said}`, {
    type, open, openPeer, start: serve(version), flags: type === 'eventsource' ? SOON : [],
  });
  one('cometd', 'long-polling', openCometd, openFaye);
  one('cometd', 'websocket', openCometdSocket, openFayeSocket);
  one('faye', 'long-polling', openFaye, openCometd);
  one('faye', 'websocket', openFayeSocket, openCometdSocket);
  for (const [library, types] of Object.entries(transports)) {
    for (const type of types) {
      const open = (server) => openInPage(browser.context, { library, type, url: server.url, origin: server.origin });
      one(library + ' in a browser', type, open, openFaye);
    }
  }
  it(`jsforce, ${said}`, async () => {
    const server = await serve(version)('--profile', 'salesforce');
    const { streaming } = new jsforce.Connection({ instanceUrl: server.origin, accessToken: '00Dx0!token', version: '64.0' });
    const client = streaming.createClient([]);
    const heard = [];
    const subscription = client.subscribe('/event/Order__e', (data) => heard.push(data.payload.n));
    await new Promise((resolve, reject) => subscription.then(resolve, reject));
    for (let n = 0; n < 10; n++) await server.publish('/event/Order__e', { schema: 'x', payload: { n } });
    await until(() => heard.length >= 10, 'the events');
    assert.deepEqual(heard, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await client.disconnect();
    await server.stop();
  });
}

tell('TLSv1.2', older, { halley: ['websocket', 'eventsource', 'long-polling'] });
// Faye has its event-streams in browsers alone.
tell('TLSv1.3', newest, {
  halley: ['websocket', 'eventsource', 'xhr-streaming', 'long-polling', 'callback-polling', 'polling'], faye: ['eventsource'],
});
