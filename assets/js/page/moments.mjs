/** Moments for people: the time of today, else the day too. @param {string} iso */
export function momentText(iso, now = new Date()) {
  const moment = new Date(iso);
  const isToday = moment.toDateString() === now.toDateString();
  const time = { hour: '2-digit', minute: '2-digit' };
  return moment.toLocaleString(undefined, isToday ? time : { day: 'numeric', month: 'short', year: 'numeric', ...time });
}
