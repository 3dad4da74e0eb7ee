/** The types of what a result says, as it is shown. */

import type { Box, BoxMask, Corners, Rect, SecondAnswer } from '../client/types.js';

/** The part of a 2d context that is drawn with, in browsers and in mini-programs. */
export interface Pen {
  globalAlpha: number;
  fillStyle: any;
  strokeStyle: any;
  lineWidth: number;
  lineCap: any;
  font: string;
  textBaseline: any;
  imageSmoothingEnabled: boolean;
  save(): void;
  restore(): void;
  translate(x: number, y: number): void;
  scale(x: number, y: number): void;
  beginPath(): void;
  rect(x: number, y: number, width: number, height: number): void;
  roundRect?(x: number, y: number, width: number, height: number, radius: number): void;
  clip(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  closePath(): void;
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  stroke(): void;
  fill(): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  fillText(text: string, x: number, y: number): void;
  measureText(text: string): { width: number };
  drawImage(image: any, x: number, y: number, width: number, height: number): void;
}

/** A canvas that is not shown. */
export interface HiddenCanvas {
  width: number;
  height: number;
  getContext(kind: '2d'): any;
}

export type Side = 'left' | 'right' | 'middle';

export interface PosePoint {
  x: number;
  y: number;
  side: Side;
  opacity: number;
}

export interface Limb {
  from: PosePoint;
  to: PosePoint;
  side: Side;
  opacity: number;
}

export interface Pose {
  score: number;
  points: PosePoint[];
  limbs: Limb[];
}

/** A class of a segmentation; `share`: 0 to 1 of the frame. */
export interface Legend {
  index: number;
  name: string;
  colour: string;
  share: number;
}

/** The values at the ends of a scale, with their unit. */
export interface Scale {
  low: string;
  high: string;
}

export interface Vector {
  length: number;
  norm: string;
  values: string;
}

/** A raw output. */
export interface Output {
  name: string;
  type: string;
  values: string;
}

/** `isWeak`: it is shown although it scores too little. */
export interface RankedClass {
  index: number;
  name: string;
  score: number;
  isWeak: boolean;
}

export interface NamedBox {
  /** missing if its object has none */
  id?: number;
  index: number;
  name: string;
  score: number;
  box: Box;
  opacity: number;
  /** the part that its object covers */
  mask?: BoxMask;
  /** of a rotated box */
  corners?: Corners;
}

/** A box on the screen; `rect` in CSS pixels. */
export interface PlacedBox extends Omit<NamedBox, 'box'> {
  rect: Rect;
  /** whether the picture is shown as in a mirror, and with it the mask and the corners */
  mirrored?: boolean;
}

/** The label of a box. `widths` that it may have, the best first. */
export interface Label {
  box: Rect;
  widths: number[];
  /** placed before the others, which make way */
  isFirst?: boolean;
}

export interface LabelPlace {
  x: number;
  y: number;
  width: number;
}

/** A box of `Overlay.at` or of a result. */
export interface AnyBox {
  id?: number | null;
  box: Box;
  score: number;
  class: number;
  opacity?: number;
  second?: SecondAnswer | null;
  mask?: BoxMask | null;
  corners?: Corners | null;
}

/** Whether there is a use for the minimum score, for the opacity of what covers the picture, and for
 * a choice of classes. */
export interface Controls {
  score: boolean;
  opacity: boolean;
  classes: boolean;
}

export type Predictions =
  | { kind: 'boxes'; items: NamedBox[] }
  | { kind: 'classes'; items: RankedClass[] }
  | { kind: 'poses'; items: Pose[] }
  | { kind: 'masks'; items: Legend[] }
  | { kind: 'map'; items: Scale[] }
  | { kind: 'embedding'; items: Vector[] }
  | { kind: 'tensors'; items: Output[] };
