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

declare namespace Intl {
  function supportedValuesOf(key: string): string[];
}
