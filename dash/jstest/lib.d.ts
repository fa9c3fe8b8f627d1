// What the browsers that the page is made for have, and the compiler's own library of
// Debian 12 does not know yet.
interface Array<T> {
  findLast(predicate: (value: T, index: number, array: T[]) => unknown): T | undefined;
  findLastIndex(predicate: (value: T, index: number, array: T[]) => unknown): number;
}

// What the build makes of messages.js.
declare module "*.en.js" {
  export const words: Record<string, [string, string]>;
}
declare module "*.zh-CN.js" {
  export const words: Record<string, [string, string]>;
}

// What charts use of uPlot, a classic script.
interface UPlot {
  readonly ctx: CanvasRenderingContext2D;
  readonly bbox: { left: number; top: number; width: number; height: number };
  readonly cursor: { idx?: number | null };
  readonly select: { left: number; width: number };
  readonly over: HTMLElement;
  setData(data: (number | null)[][]): void;
  setSize(size: { width: number; height: number }): void;
  setCursor(at: { left: number; top: number }, fire?: boolean): void;
  setSelect(area: { left: number; top: number; width: number; height: number }, fire?: boolean): void;
  valToPos(value: number, scale: string, ofCanvas?: boolean): number;
  posToVal(position: number, scale: string): number;
  destroy(): void;
}
declare var uPlot: {
  new (options: object, data: (number | null)[][], parent: HTMLElement): UPlot;
  tzDate(moment: Date, zone: string): Date;
};

declare namespace Intl {
  function supportedValuesOf(key: string): string[];
}
