// nginx or haproxy in front of a server of ours, with a read time-out of two seconds.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, until } from './server.mjs';

/** Seconds after which the proxy gives up an upstream that says nothing. */
export const readTimeout = 2;

const configuration = (work, port, upstream) => `
  daemon off;
  pid ${work}/pid;
  error_log ${work}/error.log;
  events {}
  http {
    log_format short '$status $request_time $request';
    access_log ${work}/access.log short;
    client_body_temp_path ${work}/body; proxy_temp_path ${work}/proxy; fastcgi_temp_path ${work}/fastcgi;
    uwsgi_temp_path ${work}/uwsgi; scgi_temp_path ${work}/scgi;
    map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
    proxy_read_timeout ${readTimeout}s;
    server {
      listen 127.0.0.1:${port};
      # As little as works: HTTP/1.0 to the server, buffering on.
      location / { proxy_pass http://${upstream}; }
      # As the websocket pages of nginx have it.
      location ~ ^/(bayeux|cometd) {
        proxy_pass http://${upstream};
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
      }
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
      }
    }
  }`;

export class Proxy {
  /** Starts nginx in front of server and waits until it answers. */
  static async start(server) {
    const proxy = new Proxy();
    proxy.work = await mkdtemp(join(tmpdir(), 'halley-proxy-'));
    const port = await freePort();
    proxy.origin = `http://127.0.0.1:${port}`;
    proxy.url = proxy.origin + '/bayeux';
    await writeFile(proxy.work + '/nginx.conf', configuration(proxy.work, port, new URL(server.origin).host));
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

/** What the README says that haproxy's configuration begins with. */
async function recommended() {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  return readme.match(/```haproxy\n([^]*?)```/)[1];
}

// As the README has it, but for the time-outs. Compresses all that it may, and hears a request to its end before it
// passes it on.
const haproxyConfiguration = (defaults, seconds, port, upstream, options) => `
${defaults.replaceAll('40s', seconds + 's')}
    option http-buffer-request
    compression algo gzip
  frontend public
    bind 127.0.0.1:${port}
    default_backend halley
  backend halley
    server one ${upstream} ${options}
`;

export class Haproxy {
  /** Starts haproxy in front of server and waits until it answers. It gives up after so many seconds of silence. */
  static async start(server, seconds = readTimeout, options = '') {
    const proxy = new Haproxy();
    proxy.work = await mkdtemp(join(tmpdir(), 'halley-haproxy-'));
    const port = await freePort();
    proxy.origin = `http://127.0.0.1:${port}`;
    proxy.url = proxy.origin + '/bayeux';
    await writeFile(proxy.work + '/haproxy.cfg', haproxyConfiguration(await recommended(), seconds, port, new URL(server.origin).host, options));
    proxy.process = spawn('haproxy', ['-f', proxy.work + '/haproxy.cfg', '-db'],
      { stdio: 'ignore', env: { ...process.env, PATH: process.env.PATH + ':/usr/sbin' } });
    const { process: child } = proxy;
    proxy.ended = new Promise((resolve) => { child.once('close', resolve); child.once('error', resolve); });
    process.once('exit', () => child.kill('SIGKILL'));
    await until(() => fetch(proxy.origin + '/nothing').catch(() => null), 'haproxy to answer');
    return proxy;
  }

  async stop() {
    this.process.kill('SIGKILL');
    await this.ended;
    await rm(this.work, { recursive: true });
  }
}
