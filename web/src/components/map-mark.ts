// A ticket on the map: a circle, triangle or square of the canvas all areas are drawn on. A thousand of them are one layer of the page; as
// elements of their own they were a thousand, and each frame of the whole page paid for them.
import L from 'leaflet';
import type { Light } from '../api/types';

/** What Leaflet's canvas hands its shapes; not in its types, but what its own circles use. */
interface Drawn {
  _point: L.Point;
  _radius: number;
  _empty(): boolean;
  options: MarkOptions;
}
interface Drawing {
  _drawing: boolean;
  _ctx: CanvasRenderingContext2D;
  _fillStroke(context: CanvasRenderingContext2D, layer: Drawn): void;
}
interface MarkOptions extends L.CircleMarkerOptions {
  light: Light;
}

function draw(canvas: Drawing, layer: Drawn): void {
  if (!canvas._drawing || layer._empty()) return;
  const { _ctx: context } = canvas;
  const { x, y } = layer._point;
  const r = layer._radius;
  context.beginPath();
  if (layer.options.light === 'green') context.arc(x, y, r, 0, Math.PI * 2);
  else if (layer.options.light === 'red') context.rect(x - r * 0.8, y - r * 0.8, r * 1.6, r * 1.6);
  else {
    context.moveTo(x, y - r);
    context.lineTo(x + r, y + r * 0.8);
    context.lineTo(x - r, y + r * 0.8);
    context.closePath();
  }
  canvas._fillStroke(context, layer);
}

export class Mark extends L.CircleMarker {
  declare options: MarkOptions;

  // Leaflet's way to draw a circle (called by its canvas), for ours.
  _updatePath(): void {
    draw((this as unknown as { _renderer: Drawing })._renderer, this as unknown as Drawn);
  }
}

export const RADIUS: Record<Light, number> = { green: 3.2, yellow: 6, red: 6 };
