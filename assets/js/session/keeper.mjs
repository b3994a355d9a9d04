/**
 * Corrections kept in this browser until the server has answered, so that no crash loses them.
 * @typedef {object} Entry a correction on its way
 * @property {string} client the tab that made it
 * @property {number} seq
 * @property {string} workspace id
 * @property {string} user who made it
 * @property {number} imageId
 * @property {number | null} base the revision it was made on; null: not known yet
 * @property {number} madeAt milliseconds since 1970
 * @property {object} action
 * @property {string | null} why null while it is to be sent, else why it was not applied
 */
import { read, write } from './database.mjs';

/**
 * @param {Promise<IDBDatabase>} opening
 * @param {(error: Error) => void} onTrouble told once, when nothing can be kept (any more)
 */
export function createKeeper(opening, onTrouble) {
  let troubled = false;

  /** @returns {Promise<any>} undefined when it could not be done */
  async function attempt(work) {
    try {
      return await work(await opening);
    } catch (error) {
      if (!troubled) onTrouble(error);
      troubled = true;
      return undefined;
    }
  }

  const keyOf = ({ client, seq }) => [client, seq];

  return {
    /** @param {Entry} entry @returns {Promise<boolean>} whether it is on the disk */
    async keep(entry) {
      const key = await attempt((database) => write(database, 'actions', (store) => store.put(entry)));
      return key !== undefined;
    },
    /** In one step: these are settled, and those are other than they were. @param {Entry[]} gone @param {Entry[]} changed */
    settle: (gone, changed = []) =>
      attempt((database) =>
        write(database, 'actions', (store) => {
          for (const entry of gone) store.delete(keyOf(entry));
          for (const entry of changed) store.put(entry);
        }),
      ),
    /**
     * @returns {Promise<Entry[] | undefined>} everybody's, of every workspace, by tab and there in the order they were
     *   made (a clock may go back); undefined when nothing could be read
     */
    all: () => attempt((database) => read(database, 'actions', (store) => store.getAll())),
  };
}
