// What somebody means to do, and when: taken in order of time, of equal times in order of adding.
export class Plans {
  constructor() {
    this.heap = [];
    this.count = 0;
  }

  add(at, plan) {
    const heap = this.heap;
    let i = heap.push({ at, order: this.count++, plan }) - 1;
    while (i > 0 && before(heap[i], heap[(i - 1) >> 1])) {
      const parent = (i - 1) >> 1;
      [heap[i], heap[parent]] = [heap[parent], heap[i]];
      i = parent;
    }
  }

  takeDue(now) {
    const due = [];
    while (this.heap.length && this.heap[0].at <= now) due.push(this.pop());
    return due;
  }

  pop() {
    const heap = this.heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length) {
      heap[0] = last;
      for (let i = 0; ; ) {
        const left = 2 * i + 1;
        let least = i;
        if (left < heap.length && before(heap[left], heap[least])) least = left;
        if (left + 1 < heap.length && before(heap[left + 1], heap[least])) least = left + 1;
        if (least === i) break;
        [heap[i], heap[least]] = [heap[least], heap[i]];
        i = least;
      }
    }
    return top.plan;
  }
}

const before = (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order);
