// What the phone keeps: a small IndexedDB with what waits to be sent (outbox.ts) and whatever else must outlast the page (drafts, who
// is signed in, matters and map for places without a network). Used by the page and by its service worker; knows nothing of Vue.

const NAME = 'paidan-m';

type Store = 'outbox' | 'kept';

let under: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  under ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('outbox', { keyPath: 'id' });
      request.result.createObjectStore('kept');
    };
    request.onsuccess = () => {
      // A newer page wants another form of it: let go, and open again when asked.
      request.result.onversionchange = () => {
        request.result.close();
        under = null;
      };
      resolve(request.result);
    };
    request.onerror = () => {
      under = null;
      reject(request.error);
    };
  });
  return under;
}

async function ask<T>(store: Store, mode: IDBTransactionMode, what: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(store, mode);
    const request = what(transaction.objectStore(store));
    // Done means stored: the transaction's end, not the request's.
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error);
  });
}

export const all = <T>() => ask('outbox', 'readonly', (s) => s.getAll() as IDBRequest<T[]>);
export const put = (value: object) => ask('outbox', 'readwrite', (s) => s.put(value));
export const get = <T>(id: string) => ask('outbox', 'readonly', (s) => s.get(id) as IDBRequest<T | undefined>);
export const remove = (id: string) => ask('outbox', 'readwrite', (s) => s.delete(id));

/** A value under a name; undefined when there is none, or the phone keeps nothing (private windows of some). */
export async function recall<T>(key: string): Promise<T | undefined> {
  try {
    return await ask('kept', 'readonly', (s) => s.get(key) as IDBRequest<T | undefined>);
  } catch {
    return undefined;
  }
}

export async function keep(key: string, value: unknown): Promise<void> {
  try {
    await ask('kept', 'readwrite', (s) => (value === undefined ? s.delete(key) : s.put(value, key)) as IDBRequest<unknown>);
  } catch {
    // The page still works; what it keeps lasts as long as it does.
  }
}
