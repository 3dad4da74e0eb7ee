/** A rectangle in pixels. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface Size {
  width: number;
  height: number;
}
export function sendSize(
  width: number,
  height: number,
  model: { width: number | null; height: number | null } | null,
  options: { full: boolean; maxPixels: number },
): Size;
export function fit(width: number, height: number, roomWidth: number, roomHeight: number): Rect;
export function boxToRect(box: number[], place: Rect): Rect;
export function tagPosition(box: Rect, tag: Size, place: Rect): { x: number; y: number };
