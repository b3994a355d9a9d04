/** Whether two values of JSON are written alike: names of an object in another order make another one. */
export function same(one, other) {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
