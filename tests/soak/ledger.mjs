// ledger.mjs -- every request has two entries, the client's and the log's, and
// they must agree. A pair that does is forgotten, so the ledger stays small.

export class Ledger {
  constructor() {
    this.open = new Map(); // id -> { client, log }
    this.client = {}; // outcome -> how many
    this.log = {};
    this.other = {}; // lines that are about no request
    this.wrong = []; // pairs that do not agree, the first few
    this.disagreed = 0;
  }

  add(id, side, outcome) {
    this[side][outcome] = (this[side][outcome] ?? 0) + 1;
    const pair = this.open.get(id) ?? {};
    if (pair[side] !== undefined) this.dispute(id, { twice: side, ...pair });
    pair[side] = outcome;
    if (pair.client === undefined || pair.log === undefined) {
      this.open.set(id, pair);
      return;
    }
    this.open.delete(id);
    // Who leaves may leave a moment too late, and then it has been answered.
    if (pair.client !== pair.log && pair.client !== 'left') this.dispute(id, pair);
  }

  dispute(id, pair) {
    this.disagreed++;
    if (this.wrong.length < 10) this.wrong.push({ id, ...pair });
  }

  line(text) {
    const line = JSON.parse(text);
    if (line.event !== 'request') {
      this.other[line.event] = (this.other[line.event] ?? 0) + 1;
      return;
    }
    const gone = line.outcome === 'client_gone';
    this.add(line.request_id, 'log', gone ? 'client_gone' : `${line.outcome} ${line.status}`);
  }

  /** How many entries of a side fit the pattern. */
  count(side, pattern = /./) {
    return Object.entries(this[side])
      .filter(([outcome]) => pattern.test(outcome))
      .reduce((sum, [, n]) => sum + n, 0);
  }
}
