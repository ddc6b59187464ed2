// Calls by the OpenAPI document: the path, its parameters, the body and the answer are checked by the compiler against
// openapi.json. How a call is made (cookie, CSRF, problems, signing in again) is http.ts's.

import { api, type Options } from './http';
import type { paths } from './openapi';

type Method = 'get' | 'post' | 'delete';
type PathsWith<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, object> ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = M extends keyof paths[P] ? paths[P][M] : never;

type Parameters<O, Where extends string> = O extends { parameters: infer W }
  ? Where extends keyof W
    ? W[Where]
    : undefined
  : undefined;
type Body<O> = O extends { requestBody: { content: { 'application/json': infer B } } } ? B : undefined;
type Json<R> = R extends { content: { 'application/json': infer A } } ? A : undefined;
type Answer<O> = O extends { responses: infer R } ? Json<R[keyof R]> : undefined;

type Ask<O> = (undefined extends Parameters<O, 'path'> ? { path?: undefined } : { path: Parameters<O, 'path'> }) & {
  query?: Parameters<O, 'query'>;
} & (undefined extends Body<O> ? { body?: undefined } : { body: Body<O> }) &
  Pick<Options, 'signal' | 'key' | 'login'>;

/** "/api/v1/tickets/{number}" and its parameters as the text of an address under /api/v1. */
function address(path: string, ask: { path?: unknown; query?: unknown }): string {
  const of = (ask.path ?? {}) as Record<string, unknown>;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(of[name])));
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries((ask.query ?? {}) as Record<string, unknown>))
    if (value !== undefined && value !== null && value !== '') query.set(key, String(value));
  const text = query.toString();
  return filled + (text === '' ? '' : `?${text}`);
}

export function get<P extends PathsWith<'get'>>(
  path: P,
  ...[ask]: object extends Ask<Operation<P, 'get'>> ? [ask?: Ask<Operation<P, 'get'>>] : [ask: Ask<Operation<P, 'get'>>]
): Promise<Answer<Operation<P, 'get'>>> {
  return api('GET', address(path, ask ?? {}), ask ?? {});
}

export function post<P extends PathsWith<'post'>>(
  path: P,
  ...[ask]: object extends Ask<Operation<P, 'post'>>
    ? [ask?: Ask<Operation<P, 'post'>>]
    : [ask: Ask<Operation<P, 'post'>>]
): Promise<Answer<Operation<P, 'post'>>> {
  return api('POST', address(path, ask ?? {}), ask ?? {});
}

export function remove<P extends PathsWith<'delete'>>(
  path: P,
  ...[ask]: object extends Ask<Operation<P, 'delete'>>
    ? [ask?: Ask<Operation<P, 'delete'>>]
    : [ask: Ask<Operation<P, 'delete'>>]
): Promise<Answer<Operation<P, 'delete'>>> {
  return api('DELETE', address(path, ask ?? {}), ask ?? {});
}
