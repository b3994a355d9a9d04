/** COCO's compressed run-length text. Runs are column-major and start with zeros (which may be none). */

const MAX_GROUPS = 6; // 30 bits: more than any image has pixels

/**
 * Run lengths of COCO's compressed text.
 * @param {string} text
 * @returns {number[]}
 * @throws {Error} when the text is no COCO RLE
 */
export function runsFromText(text) {
  const runs = [];
  let at = 0;
  while (at < text.length) {
    let value = 0;
    let shift = 0;
    let code;
    do {
      code = text.charCodeAt(at++) - 48;
      if (!(code >= 0 && code < 64) || shift >= 5 * MAX_GROUPS) {
        throw new Error(`mask counts are no COCO RLE text: ${text.slice(0, 40)}`);
      }
      value |= (code & 0x1f) << shift;
      shift += 5;
    } while (code & 0x20);
    if (code & 0x10) value |= -1 << shift;
    // The first three runs stand as they are; run i > 2 is a difference to run i − 2.
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
  }
  if (runs.length === 0) throw new Error('mask counts are empty');
  return runs;
}

/**
 * COCO's compressed text of run lengths; the inverse of `runsFromText`.
 * @param {ArrayLike<number>} runs
 * @returns {string}
 */
export function textFromRuns(runs) {
  const codes = [];
  for (let i = 0; i < runs.length; i++) {
    let rest = i > 2 ? runs[i] - runs[i - 2] : runs[i];
    let more;
    do {
      const low = rest & 0x1f;
      rest >>= 5;
      more = low & 0x10 ? rest !== -1 : rest !== 0;
      codes.push((more ? low | 0x20 : low) + 48);
    } while (more);
  }
  return codes.map((code) => String.fromCharCode(code)).join('');
}
