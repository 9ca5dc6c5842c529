/** Errors as HTTP has them. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { coded, DeepFunctorError, type ErrorCode, reasonOf } from '@deepfunctor/core';
import type { FastifyError } from 'fastify';
import { errorBody } from './protocol.js';

/** The rest are 500: what is installed, or the server, is at fault. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  INPUT_TENSOR: 400,
  CHAIN_SYNTAX: 400,
  CHAIN_ENDS: 400,
  CHAIN_CATEGORY: 400,
  CHAIN_ARITY: 400,
  SPACE_MISMATCH: 400,
  FUSION_OPSET: 400,
  REQUEST_UNAUTHORIZED: 401,
  CHAIN_UNKNOWN_NAME: 404,
  MODEL_UNKNOWN: 404,
  ROUTE_UNKNOWN: 404,
  REQUEST_SIZE: 413,
  SERVER_BUSY: 429,
  REQUEST_TIMEOUT: 503,
  SERVER_CLOSING: 503,
};

/** What is told to wait a second and come again. */
const AGAIN: ReadonlySet<number> = new Set([429, 503]);

export interface Told {
  error: DeepFunctorError;
  status: number;
  headers: Record<string, string>;
}

/** What a limit is called, and its value, for errors that the framework finds. */
export interface Bounds {
  bodyLimit: number;
  timeout: number;
}

/** Any error of a request as a coded one with its status. `complete`: whether the request was read to its end. */
export function told(thrown: unknown, { bodyLimit, timeout }: Bounds, complete = true): Told {
  if (thrown instanceof DeepFunctorError) return withStatus(thrown, STATUS[thrown.code] ?? 500);
  const error = thrown as Partial<FastifyError>;
  const where = 'the request';
  if (error.validation !== undefined)
    return withStatus(coded('REQUEST_INVALID', { where: 'the body', reason: reasonOf(thrown) }), 400);
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const reason = `its body may have ${bodyLimit} bytes`;
    return withStatus(coded('REQUEST_SIZE', { where: 'the body', reason, option: '--body-limit' }), 413);
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    const [reason, option] = ['its head is longer than 16 KiB', 'a model of the configuration'];
    return withStatus(coded('REQUEST_SIZE', { where: 'the head', reason, option }), 431);
  }
  if (error.code === 'FST_ERR_HANDLER_TIMEOUT' || error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const late = complete && error.code === 'FST_ERR_HANDLER_TIMEOUT';
    const reason = late ? 'others are before it' : 'it did not come to its end';
    return withStatus(coded('REQUEST_TIMEOUT', { where, seconds: timeout, reason }), late ? 503 : 408);
  }
  const status = error.statusCode ?? (error.code?.startsWith('HPE_') ? 400 : 500);
  const reason = reasonOf(thrown).replace(/\.$/, '');
  if (status >= 400 && status < 500) return withStatus(coded('REQUEST_INVALID', { where, reason }), status);
  return withStatus(coded('SERVER_FAULT', { where: 'deepfunctor serve', reason, cause: thrown }), 500);
}

function withStatus(error: DeepFunctorError, status: number): Told {
  const again: Record<string, string> = AGAIN.has(status) ? { 'retry-after': '1' } : {};
  return { error, status, headers: status === 401 ? { 'www-authenticate': 'Bearer' } : again };
}

/** Answer a request that is none, and hang up. */
export function hangUp(socket: Socket, { error, status }: Told): void {
  if (socket.writable) {
    const body = JSON.stringify(errorBody(error));
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}
