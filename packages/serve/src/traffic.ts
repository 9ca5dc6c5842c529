/** What a server has to do: how much of it, for how long, and for whom who is still there. */
import { coded, fail } from '@deepfunctor/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from './batcher.js';
import type { Limits } from './config.js';

export interface Traffic {
  /** Requests that are being read, wait or run, and the bytes of their bodies. */
  load(): { requests: number; bytes: number };
  /**
   * Let a request in, before its body is read. The caller is gone when the client has left, and when the time is up: then
   * the request has been answered REQUEST_TIMEOUT. Errors: SERVER_BUSY.
   */
  enter(request: FastifyRequest, reply: FastifyReply): Caller;
}

type TrafficLimits = Pick<Limits, 'queue' | 'queueBytes' | 'bodyLimit' | 'timeout'>;

export function traffic({ queue, queueBytes, bodyLimit, timeout }: TrafficLimits): Traffic {
  let requests = 0;
  let bytes = 0;
  return {
    load: () => ({ requests, bytes }),
    enter(request, reply) {
      const { 'content-length': length, 'transfer-encoding': pieces } = request.headers;
      const size = Math.min(pieces === undefined ? Number(length ?? 0) : bodyLimit, bodyLimit);
      const where = request.url.slice(0, 200);
      if (requests >= queue) fail('SERVER_BUSY', { where, reason: `${requests} requests are under way` });
      if (bytes + size > queueBytes)
        fail('SERVER_BUSY', { where, reason: `requests of ${bytes} bytes are under way` });
      requests++;
      bytes += size;
      const caller: Caller = {};
      const timer = setTimeout(() => {
        const reason = request.raw.complete ? 'others are before it' : 'it did not come to its end';
        const late = coded('REQUEST_TIMEOUT', { where, seconds: timeout, reason });
        caller.gone = late;
        if (!request.raw.complete) reply.header('connection', 'close').code(408);
        if (!reply.sent) reply.send(late);
      }, timeout * 1000);
      reply.raw.once('close', () => {
        requests--;
        bytes -= size;
        clearTimeout(timer);
        if (!reply.raw.writableFinished)
          caller.gone ??= coded('INTERRUPTED', { where, resume: 'its client has left' });
      });
      return caller;
    },
  };
}
