// Publishes one message to halley: node publish.mjs CHANNEL JSON
const server = process.env.HALLEY ?? 'http://localhost:8081';
const key = process.env.HALLEY_KEY; // where the internal listener asks for one

async function publish(channel, data, dedup) {
  const response = await fetch(server + '/publish', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(key && { Authorization: 'Bearer ' + key }) },
    body: JSON.stringify({ channel, data, dedup }), // with dedup it may be sent again, and is published once
    signal: AbortSignal.timeout(5000),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer.published;
}

console.log(await publish(process.argv[2], JSON.parse(process.argv[3])));
