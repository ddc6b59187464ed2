// HTTP as the system's users speak it: a bearer token, or a session cookie with its CSRF token.

async function call(url, method, path, body, headers, limit) {
  const isText = typeof body === 'string';
  const answer = await fetch(url + path, {
    method,
    headers: { ...(body !== undefined && !isText ? { 'content-type': 'application/json' } : {}), ...headers },
    body: body === undefined ? undefined : isText ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(limit),
    redirect: 'manual',
  });
  const text = await answer.text();
  let parsed = null;
  if (/json/.test(answer.headers.get('content-type') ?? '') && !/ndjson/.test(answer.headers.get('content-type')))
    parsed = JSON.parse(text);
  return { status: answer.status, headers: answer.headers, text, body: parsed };
}

function client(url, own) {
  const send = (method) => (path, body, headers = {}, limit = 15_000) => call(url, method, path, body, { ...own(method), ...headers }, limit);
  return {
    get: (path, headers, limit) => send('GET')(path, undefined, headers, limit),
    post: send('POST'),
    delete: (path, headers, limit) => send('DELETE')(path, undefined, headers, limit),
    headers: own,
  };
}

export const nobody = (url) => client(url, () => ({}));
export const bearer = (url, token) => client(url, () => ({ authorization: `Bearer ${token}` }));

export async function signIn(url, user, password) {
  const answer = await call(url, 'POST', '/api/v1/session', { user, password }, { origin: url }, 15_000);
  if (answer.status !== 200) throw new Error(`${user} cannot sign in: ${answer.status} ${answer.text}`);
  const set = answer.headers.getSetCookie?.() ?? [answer.headers.get('set-cookie')]; // Debian's Node 18 has no getSetCookie
  const cookie = set.map((c) => c.split(';')[0]).join('; ');
  const safe = { cookie };
  const unsafe = { cookie, origin: url, 'x-csrf-token': answer.body.csrf };
  return client(url, (method) => (method === 'GET' ? safe : unsafe));
}
