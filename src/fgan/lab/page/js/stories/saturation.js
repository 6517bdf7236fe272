// Why the bound saturates when the supports part. The generator's learning rate is next to 0, so only critics learn.
// Seeds 0 and 1: JS 1.382 after 300 steps, 1.386 after 600; TV 0.999 and 1.000; KL 44 or 37 after 150, 177 or 123 after 600.

import { control, panel, racer } from "lab/stories/figures.js";
import { short } from "lab/parts.js";

const plain = (name) => racer(name, "saturating");
const RACE = { target: "ring", penalty: "none", lr: 1e-6, members: [plain("js"), plain("total-variation"), plain("kl"), racer("js")] };
const MOST_JS = 2 * Math.log(2);

export default {
  title: { en: "When supports part", zh: "当支撑集分离" },
  about: {
    en: "Data and samples that do not overlap: some bounds stop at a constant, and so does learning.",
    zh: "数据与样本毫无重叠时，有些下界停在常数，学习也随之停止。",
  },
  steps: [
    {
      start: RACE,
      look: ["#panels"],
      text: {
        en: "The data are eight spots on a ring; the new generators put everything near the middle. There is no overlap. The generators' learning rate is almost 0, so only the critics learn, without a penalty. Watch the bounds.",
        zh: "数据是环上的八个点团；新生成器把样本都放在中间附近，二者没有重叠。生成器的学习率几乎为 0，所以只有判别器在学习，且没有惩罚项。请看各个下界。",
      },
      wait: { steps: 300 },
      found({ members: [js, tv] }) {
        return {
          en: `js: ${short(js.bound, 4)} of at most 2 log 2 = ${short(MOST_JS, 4)}. total-variation: ${short(tv.bound, 4)} of at most 1.`,
          zh: `js：${short(js.bound, 4)}，上限为 2 log 2 = ${short(MOST_JS, 4)}。total-variation：${short(tv.bound, 4)}，上限为 1。`,
          claim: [js.bound > 0.98 * MOST_JS && tv.bound > 0.98, "Both are full: however far the samples are, the value stays the same.", "二者都已到顶：无论样本离得多远，数值都不变。"],
        };
      },
    },
    {
      look: [panel(1), panel(2)],
      text: {
        en: "The value of f(0) plus the limit of f(u)/u is the most a divergence can be. For JS as in the f-GAN paper that is 2 log 2, twice the usual JS; for total variation 1. A divergence at its maximum is flat: its gradient says nothing about where to go.",
        zh: "f(0) 加上 f(u)/u 的极限，就是一个散度的最大值。按 f-GAN 论文的定义，JS 是 2 log 2（通常 JS 的两倍），全变差是 1。处在最大值的散度是平的：梯度不告诉样本往哪里去。",
      },
      wait: { steps: 100 },
      found({ members: [js, , , trick] }) {
        return {
          en: `Mean length of the arrows, the push on a sample: ${short(js.push, 2)} for js with the saturating loss, ${short(trick.push, 2)} with the non-saturating one (panel 4).`,
          zh: `箭头的平均长度，即推动样本的力：饱和损失的 js 为 ${short(js.push, 2)}，非饱和损失的 js（面板 4）为 ${short(trick.push, 2)}。`,
          claim: [js.push < 0.2 * trick.push, "That is what “saturating” means.", "“饱和”说的就是这个。"],
        };
      },
    },
    {
      look: [panel(3)],
      text: {
        en: "KL has no maximum here. What its bound shows depends on how far the critic has learned to distinguish the two, not on the distance: it goes on growing as long as the critic trains. (The exact value beside it is of smoothed distributions and cannot measure such distances.)",
        zh: "KL 在这里没有上限。它的下界显示多少，取决于判别器学到了多强的区分，而不是距离：只要判别器还在训练，它就继续增长。（旁边的精确值是平滑后的分布的，量不出这么远的距离。）",
      },
      wait: { steps: 300 },
      found({ members: [, , kl], step }, before) {
        const earlier = before.members[2].bound;
        return {
          en: `kl: ${short(earlier)} at step ${before.step}, ${short(kl.bound)} at step ${step}.`,
          zh: `kl：第 ${before.step} 步为 ${short(earlier)}，第 ${step} 步为 ${short(kl.bound)}。`,
          claim: [kl.bound > 1.1 * earlier, "The samples have hardly moved meanwhile.", "而样本几乎没有移动。"],
        };
      },
    },
    {
      start: { target: "ring", penalty: "r1+r2", gamma: 0.2, members: RACE.members },
      look: ["#panels", control("penalty")],
      text: {
        en: "Now a penalty on the critics' slopes, and generators that learn. A critic that may not be steep cannot distinguish the two completely; its bound stays below the maximum, and its slope points from the samples to the data.",
        zh: "现在给判别器的斜率加上惩罚项，并让生成器学习。斜率受限的判别器无法把二者完全分开；它的下界低于最大值，而它的斜率从样本指向数据。",
      },
      wait: { steps: 600 },
      found({ members: [js, tv, kl, trick] }) {
        const list = [js, tv, kl, trick].map((one) => one.modes ?? "–").join(", ");
        return {
          en: `Modes found, of 8: ${list} (panels 1 to 4). The bound of js is ${short(js.bound)} now.`,
          zh: `找到的模式（共 8 个）：面板 1 到 4 依次为 ${list}。js 的下界现在是 ${short(js.bound)}。`,
        };
      },
    },
  ],
};
