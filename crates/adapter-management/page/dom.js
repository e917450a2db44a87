// Makes elements, and changes what stands in the page into what should stand there, keeping the nodes that
// are the same: focus, selection and scroll positions stay where a person has put them. Text is always set
// as text, so nothing that a pod tells becomes markup.

const SVG = "http://www.w3.org/2000/svg";

const add = (node, child) => {
  if (child === null || child === undefined || child === false) return;
  if (Array.isArray(child)) for (const one of child) add(node, one);
  else node.append(child);
};

const make = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
};

/** An element. An attribute that is null or false is left out; children may be text, nodes, lists or null. */
export const h = (tag, attributes, ...children) => make(document.createElement(tag), attributes, children);

/** An element of SVG. */
export const svg = (tag, attributes, ...children) => make(document.createElementNS(SVG, tag), attributes, children);

/** The element of this id. */
export const at = (id) => document.getElementById(id);

/** Changes the content of the element of this id into these children. */
export const fill = (id, ...children) => {
  const wanted = document.createElement("div");
  add(wanted, children);
  patch(at(id), [...wanted.childNodes]);
};

const keyOf = (node) => node.dataset?.key;

const patch = (parent, wanted) => {
  const keyed = new Map();
  for (const child of parent.children) if (keyOf(child)) keyed.set(keyOf(child), child);
  let here = parent.firstChild;
  for (const next of wanted) {
    const key = keyOf(next);
    const old = key ? keyed.get(key) : here;
    const same = old && old.nodeName === next.nodeName && keyOf(old) === key;
    if (key) keyed.delete(key);
    if (!same) {
      parent.insertBefore(next, here);
      continue;
    }
    if (old === here) here = here.nextSibling;
    else parent.insertBefore(old, here);
    change(old, next);
  }
  while (here) {
    const gone = here;
    here = here.nextSibling;
    gone.remove();
  }
};

const change = (old, next) => {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  // Whether details are open is for the person to say.
  const ours = ({ name }) => name !== "open";
  for (const { name } of [...old.attributes].filter(ours)) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...next.attributes].filter(ours)) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  patch(old, [...next.childNodes]);
};

/**
 * A table whose roles are said, since on a phone its rows are shown as cards. A column is {name, number?, acts?};
 * a row is {key, cells}; `caption` is for those who do not see it.
 */
export const table = (caption, columns, rows) =>
  h("table", { role: "table", "aria-label": caption },
    h("thead", { role: "rowgroup" },
      h("tr", { role: "row" }, columns.map((column) =>
        h("th", { role: "columnheader", scope: "col", class: column.number ? "number" : null },
          column.acts ? h("span", { class: "unseen" }, column.name) : column.name)))),
    h("tbody", { role: "rowgroup" }, rows.map((row) =>
      h("tr", { role: "row", "data-key": row.key }, row.cells.map((cell, nth) => {
        const column = columns[nth];
        return h("td", { role: "cell", "data-label": column.name, class: column.acts ? "acts" : cell === "–" ? "none" : column.number ? "number" : null },
          h("div", null, cell));
      })))));

/** A word with a colour behind it: the colour never says it alone. */
export const pill = (level, word) => h("span", { class: `pill ${level}` }, word);

/** What a section says where it has nothing to show. */
export const empty = (...words) => h("p", { class: "empty" }, words);

/** Pairs of a name and a value; those without a value are left out. */
export const facts = (pairs, look = "facts") =>
  h("dl", { class: look }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) =>
    h("div", null, h("dt", null, name), h("dd", null, value))));

/** What this browser keeps under the key; the empty text where it keeps nothing, or may not. */
export const kept = (store, key) => {
  try {
    return window[store].getItem(key) ?? "";
  } catch {
    return "";
  }
};

/** Keeps it, or forgets the empty text. Where the browser may keep nothing it lasts as long as the page. */
export const keep = (store, key, text) => {
  try {
    if (text) window[store].setItem(key, text);
    else window[store].removeItem(key);
  } catch {
    // It was the person's wish that sites keep nothing.
  }
};

/** Says it to those who listen to the page, without moving anything. */
export const tell = (words) => {
  at("told").textContent = words;
};
