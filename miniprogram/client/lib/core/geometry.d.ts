/** A rectangle in pixels. */
export interface Place {
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
export function fit(width: number, height: number, roomWidth: number, roomHeight: number): Place;
export function boxToPlace(box: number[], place: Place): Place;
export function tagPlace(box: Place, tag: Size, place: Place): { x: number; y: number };
