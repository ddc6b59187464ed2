// Keyboard first: who is on top hears a key first and says whether it was taken. Typing in a field is never a command.

import { onBeforeUnmount, onMounted } from 'vue';

/** Returns true when the key was taken. */
export type KeyHandler = (key: string, event: KeyboardEvent) => boolean;

const stack: KeyHandler[] = [];

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

addEventListener('keydown', (event) => {
  if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (typing(event.target) && !(event.target as HTMLElement).matches('[type=checkbox], [type=radio]')) return;
  // A dialog has its own keys, and the focus is in it.
  if (event.target instanceof Element && event.target.closest('[aria-modal=true]') !== null) return;
  for (let i = stack.length - 1; i >= 0; i--) {
    if (stack[i]!(event.key, event)) {
      event.preventDefault();
      return;
    }
  }
});

/** For the life of the component. */
export function useKeys(handler: KeyHandler): void {
  onMounted(() => stack.push(handler));
  onBeforeUnmount(() => {
    const i = stack.indexOf(handler);
    if (i >= 0) stack.splice(i, 1);
  });
}
