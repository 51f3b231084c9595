// nginx or haproxy in front of a server of ours, with a read time-out of some seconds.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, host, until } from './server.mjs';

/** Seconds after which the proxy gives up an upstream that says nothing. */
export const readTimeout = 15;

/** A configuration that is published, with each text replaced; the text must be there. */
async function published(name, replacements) {
  let text = await readFile(new URL('../proxies/' + name, import.meta.url), 'utf8');
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`scripts/proxies/${name} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

// What is published, and beside it proxies that know less, or better.
const configuration = async (work, port, upstream) => `
  daemon off;
  pid ${work}/pid;
  error_log ${work}/error.log;
  events {}
  http {
    log_format short '$status $request_time $request';
    access_log ${work}/access.log short;
    client_body_temp_path ${work}/body; proxy_temp_path ${work}/proxy; fastcgi_temp_path ${work}/fastcgi;
    uwsgi_temp_path ${work}/uwsgi; scgi_temp_path ${work}/scgi;
    proxy_read_timeout ${readTimeout}s;
${await published('nginx.conf', [['40s', readTimeout + 's'], ['server 127.0.0.1:8080;', `server ${upstream};`], ['listen 80;', `listen ${host}:${port};
      # As little as works: HTTP/1.0 to the server, buffering on.
      location /minimal/ { proxy_pass http://${upstream}/; }
      # Without a buffer, and deaf to what the server asks for.
      location /unbuffered/ {
        proxy_pass http://${upstream}/;
        proxy_buffering off;
        proxy_ignore_headers X-Accel-Buffering;
      }
      # Buffers whatever the server says.
      location /buffered/ {
        proxy_pass http://${upstream}/;
        proxy_ignore_headers X-Accel-Buffering;
      }`]])}
  }`;

export class Proxy {
  /** Starts nginx in front of server and waits until it answers. */
  static async start(server) {
    const proxy = new Proxy();
    proxy.work = await mkdtemp(join(tmpdir(), 'halley-proxy-'));
    const port = await freePort();
    proxy.origin = `http://${host}:${port}`;
    proxy.url = proxy.origin + '/bayeux';
    await writeFile(proxy.work + '/nginx.conf', await configuration(proxy.work, port, new URL(server.origin).host));
    proxy.process = spawn('nginx', ['-p', proxy.work, '-c', proxy.work + '/nginx.conf', '-e', proxy.work + '/error.log'],
      { stdio: 'ignore', env: { ...process.env, PATH: process.env.PATH + ':/usr/sbin' } });
    const { process: child } = proxy;
    proxy.ended = new Promise((resolve) => { child.once('close', resolve); child.once('error', resolve); });
    process.once('exit', () => child.kill('SIGTERM'));
    await until(() => fetch(proxy.origin + '/nothing').catch(() => null), 'nginx to answer');
    return proxy;
  }

  /** The lines of the access log, 'STATUS SECONDS METHOD PATH VERSION' each; a line comes when its request has ended. */
  async log() {
    return (await readFile(this.work + '/access.log', 'utf8')).trim().split('\n');
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.ended;
    await rm(this.work, { recursive: true });
  }
}

// As it is published, but for addresses and time-outs, and more patient with a server that does not answer its checks. Compresses
// all that it may, and hears a request to its end before it passes it on.
const haproxyConfiguration = (seconds, port, server, options) => published('haproxy.cfg', [
  ['40s', seconds + 's'],
  ['defaults\n', 'defaults\n    option http-buffer-request\n    compression algo gzip\n'],
  ['bind :80', `bind ${host}:${port}`],
  ['127.0.0.1:8080 check port 8081', `${new URL(server.origin).host} check port ${new URL(server.internal).port} fall 30 ${options}`],
]);

export class Haproxy {
  /** Starts haproxy in front of server and waits until it answers. It gives up after so many seconds of silence. */
  static async start(server, seconds = readTimeout, options = '') {
    const proxy = new Haproxy();
    proxy.work = await mkdtemp(join(tmpdir(), 'halley-haproxy-'));
    const port = await freePort();
    proxy.origin = `http://${host}:${port}`;
    proxy.url = proxy.origin + '/bayeux';
    await writeFile(proxy.work + '/haproxy.cfg', await haproxyConfiguration(seconds, port, server, options));
    proxy.process = spawn('haproxy', ['-f', proxy.work + '/haproxy.cfg', '-db'],
      { stdio: 'ignore', env: { ...process.env, PATH: process.env.PATH + ':/usr/sbin' } });
    const { process: child } = proxy;
    proxy.ended = new Promise((resolve) => { child.once('close', resolve); child.once('error', resolve); });
    process.once('exit', () => child.kill('SIGKILL'));
    await until(async () => (await fetch(proxy.origin + '/nothing').catch(() => null))?.status === 404, 'the answer of the server'); // haproxy's own is 503
    return proxy;
  }

  async stop() {
    this.process.kill('SIGKILL');
    await this.ended;
    await rm(this.work, { recursive: true });
  }
}
