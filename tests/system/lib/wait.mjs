// Waiting for something that will happen, with a deadline: never for a fixed time.
import assert from 'node:assert/strict';

// Asks again until the answer is truthy, and returns it.
export async function eventually(what, ask, seconds = 10) {
  let last;
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    try {
      const answer = await ask();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  assert.fail(`not within ${seconds} s: ${what}${last ? ` (last: ${last.message})` : ''}`);
}
