import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { Failure } from './report.mjs';

/** One person's connection to the server. `token` is set by signing in. */
export class Api {
  token = null;

  constructor(url) {
    this.url = url;
    this.endpoint = new URL('/graphql', url).href;
  }

  get credentials() {
    return this.token ? { authorization: `Bearer ${this.token}` } : {};
  }

  /** The data of a query or mutation. What no form could have prevented arrives in `errors` and is thrown. */
  async ask(query, variables) {
    const response = await fetch(this.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
        ...this.credentials,
      },
      body: JSON.stringify({ query, variables }),
    }).catch((error) => {
      throw new Failure(`no answer from ${this.endpoint}: ${error.cause?.message ?? error.message}`);
    });
    const text = await response.text();
    const { data, errors } = parsed(text) ?? {};
    if (errors?.length) {
      const failure = new Failure(errors.map(({ message, extensions }) => `${extensions?.code ?? 'error'}: ${message}`).join('; '));
      failure.code = errors[0].extensions?.code;
      throw failure;
    }
    if (!data) throw new Failure(`${this.endpoint} answered ${response.status}: ${text.slice(0, 200)}`);
    return data;
  }

  /**
   * Subscribes, calling `onData` for every event.
   * Resolves with a way to cut the connection once the server has let us in.
   */
  subscribe(query, variables, onData) {
    return new Promise((resolve, reject) => {
      let failure = null;
      const fail = (cause) => {
        failure = new Failure(`subscription: ${reason(cause)}`);
        reject(failure);
      };
      const client = createClient({
        url: this.endpoint.replace(/^http/, 'ws'),
        webSocketImpl: WebSocket,
        connectionParams: this.credentials,
        retryAttempts: 0, // reconnecting is what this example shows by hand
      });
      client.on('connected', () => resolve({
        check() { if (failure) throw failure; },
        cut: () => client.terminate(),
      }));
      client.subscribe({ query, variables }, {
        next: ({ data, errors }) => (errors ? fail(errors) : onData(data)),
        error: fail,
        complete: () => {},
      });
    });
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// graphql-ws reports GraphQL errors as an array, a closed socket as an event, and the rest as errors.
function reason(cause) {
  if (Array.isArray(cause)) return cause.map((error) => error.message).join('; ');
  return cause.message || cause.reason || `the socket was closed with code ${cause.code}`;
}
