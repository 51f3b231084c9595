// A publish whose answer goes lost, as Faye's client sees it: the client sends it once more, is answered then, and nobody
// hears it twice.
import { it } from 'node:test';
import assert from 'node:assert/strict';
import faye from 'faye';
import { Server, until } from './server.mjs';
import { Cutter } from './cutter.mjs';
import { FayeClient } from './clients.mjs';

const REPEATED = /^halley_publishes_repeated_total (\d+)$/m;

for (const type of ['long-polling', 'websocket']) {
  it(`a connection that ends after the server has taken a publish: ${type}`, async () => {
    const server = await Server.start();
    const cutter = await Cutter.start(server);
    const [near, far] = [new FayeClient(faye, cutter.url, type), new FayeClient(faye, server.url, 'long-polling')];
    const repeated = async () => Number(REPEATED.exec(await (await fetch(server.internal + '/metrics')).text())[1]);
    try {
      await far.open();
      await far.subscribe('/room');
      await near.open();
      const sent = [];
      for (let n = 0; n < 5; n++) {
        cutter.cutNext('{"channel":"/room","successful":true', true);
        await near.publish('/room', n); // which is resolved by the second answer alone
        assert.equal(cutter.cuts, n + 1);
        sent.push(['/room', n]);
      }
      await until(() => far.inbox.length >= sent.length, 'all of them');
      await until(async () => await repeated() >= sent.length, 'the count'); // a loop that is busy has its last figures shown
      assert.equal(await repeated(), sent.length);
      await near.publish('/room', 'the last');
      await until(() => far.inbox.length > sent.length, 'the last');
      assert.deepEqual(far.inbox, [...sent, ['/room', 'the last']]);
      assert.equal(near.type(), type);
    } finally {
      await near.close();
      await far.close();
      cutter.close();
      await server.stop('SIGKILL');
    }
  });
}
