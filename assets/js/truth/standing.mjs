/** What holds of a row of corrections of one image, with the undos and redos among them. */
import { applyAhead } from './corrections.mjs';

/** @typedef {import('./corrections.mjs').Action} Action @typedef {import('./items.mjs').OpenImage} OpenImage */

/** Whether it takes back, or brings back, another correction. @param {{operation: string}} action */
export const isFromLog = ({ operation }) => operation === 'undo' || operation === 'redo';

/**
 * The corrections that are not taken back by a later one of the row. An undo of what stands before the row is the
 * server's to work out.
 * @param {Action[]} actions in order
 * @returns {Action[]}
 */
export function standing(actions) {
  const steps = createSteps();
  for (const action of actions) steps.take(action);
  return steps.done.filter((action) => action !== null);
}

/** The two stacks of undo and redo; null stands for a correction made before the row. */
function createSteps() {
  const done = [];
  const undone = [];
  return {
    done,
    /** @param {Action} action @returns {Action | null} the correction that an undo or redo concerns, else itself */
    take(action) {
      if (!isFromLog(action)) {
        undone.length = 0;
        done.push(action);
        return action;
      }
      const [from, to] = action.operation === 'undo' ? [done, undone] : [undone, done];
      const found = from.pop() ?? null;
      to.push(found);
      return found;
    },
  };
}

export const DEPENDENT = 'it was made on a region that is not there';
export const THEIRS = 'the proposal was accepted elsewhere too, and this would take that segment away';

const TAKES_AWAY = new Set(['delete', 'merge']);

/**
 * The action with the server's names for segments, as far as they are known.
 * @param {Action} action
 * @param {Map<number, number>} names
 */
export function withNames(action, names) {
  return { ...action, segments: action.segments.map((id) => names.get(id) ?? id) };
}

/**
 * Parts a row of waiting corrections into those to be sent and those not to be. Whoever took one of the latter back
 * meant it alone: then neither it nor its undo is in the answer. Where somebody else has accepted the same proposal,
 * what names the segment that was to be made of it means theirs, and never takes it away: nobody here has seen theirs.
 * @param {OpenImage | null} image as the server has it; null where `judge` does not ask
 * @param {Action[]} actions waiting for this image, in order
 * @param {(image: OpenImage | null, action: Action) => string | null} judge why it does not fit the image, '' when it
 *   need not be sent, null when it fits
 * @param {Map<number, number>} [names] the server's for segments of ours
 * @param {Set<number>} [spared] our ids for segments of theirs, of earlier rows too; this row's are added
 * @returns {{kept: Action[], refused: {action: Action, why: string}[], named: Map<number, number>}} `named`: `names`, and
 *   the ids of theirs by ours
 */
export function sift(image, actions, judge, names = new Map(), spared = new Set()) {
  const named = new Map(names);
  const ahead = (shown, action) => shown && applyAhead(shown, withNames(action, named));
  const steps = createSteps();
  const reasons = new Map();
  const missing = new Set();
  const sparing = createSparing(actions, spared);
  const kept = [];
  let now = image;
  for (const action of actions) {
    const concerned = steps.take(action);
    if (concerned !== action) {
      if (reasons.has(concerned)) continue;
      kept.push(action);
      now = standing(kept).reduce(ahead, image);
      continue;
    }
    const isDependent = action.segments.some((id) => missing.has(id));
    const why = isDependent ? DEPENDENT : (sparing.why(action) ?? judge(now, withNames(action, named)));
    if (why === null) {
      sparing.took(action);
      kept.push(action);
      now = ahead(now, action);
      continue;
    }
    reasons.set(action, why);
    const theirs = why === '' && now ? theirsOf(now, action) : new Map();
    for (const [id, their] of theirs) named.set(id, their);
    sparing.add(theirs.keys());
    for (const id of action.created) if (!theirs.has(id)) missing.add(id);
  }
  const wanted = new Set(standing(actions));
  const refused = [...reasons].filter(([action, why]) => why !== '' && wanted.has(action));
  return { kept, refused: refused.map(([action, why]) => ({ action, why })), named };
}

/**
 * What of a row must not be done to segments that somebody else has made of the same proposals.
 * @param {Action[]} actions the row
 * @param {Set<number>} spared as `sift` has it
 */
function createSparing(actions, spared) {
  const thrownAway = new Set(standing(actions).flatMap(({ operation, segments }) => (operation === 'delete' ? segments : [])));
  const touches = ({ segments }) => segments.some((id) => spared.has(id));
  return {
    /** @param {Iterable<number>} ids those that ours would have had */
    add(ids) {
      for (const id of ids) spared.add(id);
    },
    /** Parts of theirs are theirs. @param {Action} action that is kept */
    took(action) {
      if (touches(action)) for (const id of action.created) spared.add(id);
    },
    /** @param {Action} action @returns {string | null} as `judge` has it; what was thrown away later need not be changed */
    why(action) {
      if (!touches(action)) return null;
      if (TAKES_AWAY.has(action.operation)) return THEIRS;
      return action.created.length === 0 && action.segments.every((id) => thrownAway.has(id)) ? '' : null;
    },
  };
}

/** The one segment that was made of each accepted proposal, by the id that ours would have had. */
function theirsOf({ segments }, { operation, proposals, created }) {
  if (operation !== 'accept') return new Map();
  const found = proposals.map((id, index) => [created[index], segmentsOf(segments, id)]);
  return new Map(found.filter(([, theirs]) => theirs.length === 1).map(([id, [their]]) => [id, their.id]));
}

/** Those made of this proposal alone. */
export function segmentsOf(segments, proposal) {
  return segments.filter(({ proposals }) => proposals.length === 1 && proposals[0] === proposal);
}
