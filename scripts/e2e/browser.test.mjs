// The clients as pages use them, in a real browser: from the server's own origin and from another.
import { after, it } from 'node:test';
import assert from 'node:assert/strict';
import { Server } from './server.mjs';
import { story } from './story.mjs';
import { launch, openInPage, otherOrigin } from './browser.mjs';
import { openCometd, openFaye } from './libraries.mjs';

const { context, close } = await launch();
const elsewhere = await otherOrigin();
const admitted = ['--allow-origin', elsewhere.origin];

after(async () => {
  await close();
  elsewhere.close();
});

function tell(library, where, type, flags = []) {
  story(`${library} in a browser, ${type}, ${where} origin`, {
    type,
    flags,
    open: (server) => openInPage(context, {
      library, type, url: server.url, origin: where === 'same' ? server.origin : elsewhere.origin,
    }),
    openPeer: library === 'faye' ? openCometd : openFaye,
  });
}

tell('cometd', 'same', 'long-polling');
tell('cometd', 'another', 'long-polling', admitted);
tell('cometd', 'another', 'callback-polling');
tell('faye', 'same', 'long-polling');
tell('faye', 'another', 'cross-origin-long-polling', admitted);
tell('faye', 'another', 'callback-polling');
tell('halley', 'same', 'long-polling');
tell('halley', 'another', 'long-polling', admitted);
tell('halley', 'another', 'callback-polling');

it('halley.js takes to callback-polling where its origin is not admitted', async () => {
  const server = await Server.start();
  try {
    const client = await openInPage(context, { library: 'halley', type: '', url: server.url, origin: elsewhere.origin });
    await client.page.evaluate(() => { delete window.client.options.transports; });
    await client.open();
    assert.equal(await client.type(), 'callback-polling');
    await client.close();
    await client.dispose();
  } finally {
    await server.stop('SIGKILL');
  }
});
