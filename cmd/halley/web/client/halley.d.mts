/** Types of halley.js, a Bayeux client for browsers, workers and Node. */

/** A way to travel. 'shared' is by another tab, see `share`; 'polling' is plain polling, at an interval that follows what the user does. */
export type Transport = 'websocket' | 'eventsource' | 'xhr-streaming' | 'long-polling' | 'callback-polling' | 'polling' | 'shared';

export type Status = 'connecting' | 'connected' | 'reconnecting' | 'closed';

export interface StatusDetail {
  /** The transport in use; null while there is none. */
  transport: Transport | null;
  /** What went wrong, when something did. */
  error?: Error;
  /** Milliseconds until the next attempt, of 'reconnecting'. */
  retryIn?: number;
}

/** A value, or a function that returns it, at once or later. */
export type Given<T> = T | (() => T | Promise<T>);

/** What went wrong; `reply` is the server's, if it refused a message. */
export type HalleyError = Error & { reply?: Reply };

export interface Options {
  /** Transports in order of preference; those that the browser lacks are left out. */
  transports?: Transport[];
  /** Milliseconds that a reply may take on top of the time that it is held. */
  networkDelay?: number;
  /** Milliseconds of the first pause after a failure; it doubles with each. */
  backoff?: number;
  /** Milliseconds of the longest pause. */
  maxBackoff?: number;
  /** Milliseconds between two polls of 'polling' while somebody is at the page. */
  pollInterval?: number;
  /** Milliseconds between two polls at most, when nobody is. */
  maxPollInterval?: number;
  /** Publishes that may wait for a session. */
  maxQueue?: number;
  /**
   * Acknowledges each reply, as CometD's extension of that name does: what the server does not know to have
   * arrived comes again, and nothing is lost while the session lives. Goes without the streams, 'eventsource'
   * and 'xhr-streaming'.
   */
  ack?: boolean;
  /**
   * Has the tabs of one browser that ask for it share a connection, by any transport: one of them has it, the others
   * travel by 'shared', and when it is closed another takes over. What tabs may see has to be the same for all; a name
   * keeps those apart for which it is not. Where the browser lacks Web Locks or BroadcastChannel each has its own.
   */
  share?: boolean | string;
  /**
   * HTTP headers of every request, or a function that returns them anew each time. Websockets, EventSource and
   * script elements have no headers to set: what has to go by them goes into `ext`.
   */
  headers?: Given<Record<string, string>>;
  /** What the ext of each handshake has beside halley's own, as a token, or a function that returns it. */
  ext?: Given<Record<string, unknown>>;
  /**
   * Returns a token (JWT) for the server, a fresh one each time. It is asked for one at each handshake, which brings it in
   * `ext.auth.token`, and before the last one expires, so that the session goes on. When it fails or takes longer than
   * `networkDelay` it is asked again, after a pause that grows.
   */
  token?: () => string | Promise<string>;
  /** Disconnects when it aborts. */
  signal?: AbortSignal;
  /** Called on every change of the connection. */
  onStatus?(status: Status, detail: StatusDetail): void;
  /**
   * Called for each message that was refused or lost; for a subscribe whose `since` the server has
   * forgotten, too, which then goes on with all that is left. Without it, and without a listener of
   * `on('error', …)`, the console is told.
   */
  onError?(error: HalleyError): void;
  /** Called with the number of messages, by channel, that the server gave up because this page was too slow. */
  onDropped?(counts: Record<string, number>): void;
}

/** An event as it was delivered. */
export interface Message<Data = unknown> {
  channel: string;
  data: Data;
  /** Its number, on a channel with a history. */
  replayId?: number;
  [field: string]: unknown;
}

/** The server's reply to a message. */
export interface Reply {
  channel: string;
  successful: boolean;
  id?: string;
  error?: string;
  advice?: Record<string, unknown>;
  [field: string]: unknown;
}

export interface SubscribeOptions {
  /**
   * Where to begin, on channels with a history: after the message of that number, or with what comes (-1), or with
   * all that is kept (-2). The subscription then goes on where it was when the connection or the session is lost,
   * and gets nothing twice.
   */
  since?: number;
  /** Milliseconds between two messages of one channel at least: the newest comes, and the last one always. 0 is all. */
  interval?: number;
  /** Called when the server refuses the subscription, instead of the client's `onError`. */
  onError?(error: HalleyError): void;
  /** Unsubscribes when it aborts. */
  signal?: AbortSignal;
}

export interface Subscription<Data = unknown> {
  readonly channel: string;
  readonly listener: (data: Data, message: Message<Data>) => void;
  readonly interval?: number;
  readonly onError?: (error: HalleyError) => void;
  /** Resolves once the server has taken the subscription, and is rejected when it refuses. Nobody has to look. */
  readonly ready: Promise<Subscription<Data>>;
  /** Ends it. */
  unsubscribe(): void;
  /** With `since`, the number of the last message heard: kept, it lets another page go on there. */
  readonly since?: number;
}

/** One session with a Bayeux server. A page may have several. An init while one runs ends it and begins anew. */
export class Client {
  /** Connects to a Bayeux server; a relative URL counts from the page. */
  init(url: string, options?: Options): void;
  /** Calls listener for every message on a channel, or a pattern that ends in * or **. */
  subscribe<Data = any>(
    channel: string,
    listener: (data: Data, message: Message<Data>) => void,
    options?: SubscribeOptions,
  ): Subscription<Data>;
  /**
   * Changes the interval of a subscription while it runs. Of several to one channel the least counts. A channel
   * with a snapshot brings it once more.
   */
  pace(subscription: Subscription<any>, interval: number): void;
  /** Ends what subscribe returned. */
  unsubscribe(subscription: Subscription<any>): void;
  /**
   * Publishes data; the promise is rejected when the server refuses it or the request breaks off. A signal takes
   * back what still waits.
   */
  publish(channel: string, data?: unknown, options?: { signal?: AbortSignal }): Promise<Reply>;
  /** Calls listener on every change of the connection; returns what ends that. There may be several. */
  on(name: 'status', listener: (status: Status, detail: StatusDetail) => void, options?: { signal?: AbortSignal }): () => void;
  /** Calls listener for each message that was refused or lost. */
  on(name: 'error', listener: (error: HalleyError) => void, options?: { signal?: AbortSignal }): () => void;
  /** Calls listener with what the server gave up, as `onDropped`. */
  on(name: 'dropped', listener: (counts: Record<string, number>) => void, options?: { signal?: AbortSignal }): () => void;
  /** Moves the session to another transport without losing a message; rejected when that does not get through. */
  use(transport: Transport): Promise<void>;
  /** Ends the pause before the next attempt, of 'reconnecting'. */
  retry(): void;
  /** Says what still waits and ends the session. */
  disconnect(): Promise<void>;

  readonly status: Status;
  readonly transport: Transport | null;
  readonly clientId: string | null;
}

/** The page's own client. The classic script puts it into the global `halley`, with the class as halley.Client. */
declare const client: Client & { readonly Client: typeof Client };
export default client;

declare global {
  var halley: typeof client;
}
