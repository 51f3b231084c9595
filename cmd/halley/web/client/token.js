// The token of a client: the page is asked for one at each handshake, and for a fresh one in time, so that the session goes on.

const LONGEST = 2 ** 31 - 1; // ms that a timer takes
const CHANNEL = '/service/auth';

/** The part of its time after which a token is renewed: pages that came together do not all renew together. */
const share = () => 0.7 + 0.2 * Math.random();

/** Asks the page for a token. What fails or takes too long is no fault of the connection. */
export function askToken({options: {token, networkDelay}}) {
  let timer;
  return Promise.race([
    Promise.resolve().then(token),
    new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('no answer')), networkDelay); }),
  ]).then((text) => {
    if (typeof text !== 'string' || !text) throw new Error('it is no text');
    return text;
  }).catch((error) => {
    throw Object.assign(new Error('token: ' + (error && error.message || error)), {reply: {}});
  }).finally(() => clearTimeout(timer));
}

/** Has the token renewed in time, of which a reply tells for how many ms it is good; ends the plan before. */
export function planRenewal(client, {ext}) {
  endRenewal(client);
  const left = ext && ext.auth && ext.auth.expiresIn;
  if (!left) return;
  const plan = client.renewal = {};
  plan.timer = setTimeout(() => renew(client, plan), Math.min(left * share(), LONGEST));
}

export function endRenewal(client) {
  if (client.renewal) clearTimeout(client.renewal.timer);
  client.renewal = null;
}

/** Renews the token, again and again until that succeeds or the session has another. */
async function renew(client, plan, failures = 0) {
  const over = () => client.renewal !== plan;
  try {
    const token = await askToken(client).catch((error) => {
      if (!failures && !over()) client.fail(error);
      throw error;
    });
    if (over()) return;
    const reply = await client.publish(CHANNEL, {token});
    if (!over()) planRenewal(client, reply);
  } catch {
    if (!over()) plan.timer = setTimeout(() => renew(client, plan, failures + 1), client.pause(failures));
  }
}
