/** The style sheets of a page of ours. */

/**
 * Loads them in this order; a missing one does not keep the page from opening.
 * @param {string[]} names of files in css/
 */
export function loadStyles(names) {
  const hrefs = names.map((name) => new URL(`../../css/${name}.css`, import.meta.url).href);
  const links = hrefs.map((href) => Object.assign(document.createElement('link'), { rel: 'stylesheet', href }));
  const arrived = links.map((link) => new Promise((resolve) => (link.onload = link.onerror = resolve)));
  document.head.append(...links);
  return Promise.all(arrived);
}
