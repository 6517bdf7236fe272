// What a penalty on the critics' slopes does: none, a moderate one, a large one, on the ring.
// Seeds 0 and 1, 500 steps: none: kl 2 and 2 modes; 0.2: all 8; 20: all 8, kl's bound 0.002 of an exact 1.6 and 1.7.

import { control, panel, percent, racer } from "lab/stories/figures.js";
import { short } from "lab/parts.js";

const members = ["kl", "reverse-kl", "js"].map((name) => racer(name));
const NAMES = ["kl", "reverse-kl", "js"];
const modes = (all) => NAMES.map((name, k) => `${name} ${all[k].modes ?? "–"}`).join(", ");

export default {
  title: { en: "What a penalty does", zh: "惩罚项的作用" },
  about: {
    en: "The same race without a penalty on the critics' slopes, with a moderate one, and with a hundred times as much.",
    zh: "同一个对比：不加惩罚项、加适度的惩罚项、再加一百倍。",
  },
  steps: [
    {
      start: { target: "ring", members, penalty: "none" },
      look: [panel(1), control("penalty")],
      text: {
        en: "No penalty. The critics may become as steep as they like between data and samples, and steep critics push samples past the data. Watch kl in particular: see whether its samples stay, or hop around the ring.",
        zh: "没有惩罚项。判别器在数据与样本之间可以任意陡峭，而陡峭的判别器会把样本推过头。请特别留意 kl：它的样本是停下来，还是在环上跳来跳去？",
      },
      wait: { steps: 500 },
      found({ members: all }) {
        const [kl] = all;
        return {
          en: `Modes of 8: ${modes(all)}. The exact divergence of kl is ${short(kl.exact)}.`,
          zh: `模式（共 8 个）：${modes(all)}。kl 的精确散度是 ${short(kl.exact)}。`,
          claim: [kl.modes < 6, "kl has samples at few of the spots.", "kl 的样本只落在少数几个点团上。"],
        };
      },
    },
    {
      start: { target: "ring", members, penalty: "r1+r2", gamma: 0.2 },
      look: ["#panels", control("penalty"), control("gamma")],
      text: {
        en: "The same from the beginning, with the penalty r1+r2 and weight γ = 0.2: it charges the squared slope of each critic at data and at samples. Equal distributions need no slope, so near the goal it costs nothing.",
        zh: "从头再来，加上惩罚项 r1+r2，权重 γ = 0.2：它惩罚判别器在数据处和样本处斜率的平方。分布相同时无需斜率，所以接近目标时它不起作用。",
      },
      wait: { steps: 800 },
      found({ members: all }) {
        const within = all.map((one) => percent(one.within)).join(", ");
        return {
          en: `Modes of 8: ${modes(all)}. Share of samples within 3σ of a spot: ${within}.`,
          zh: `模式（共 8 个）：${modes(all)}。落在点团 3σ 以内的样本：${within}。`,
          claim: [all.every((one) => one.modes === 8), "All spots are covered, and the samples contract onto them.", "所有点团都已覆盖，样本正向它们收拢。"],
        };
      },
    },
    {
      start: { target: "ring", members, penalty: "r1+r2", gamma: 20 },
      look: [".chart-divergence", control("gamma")],
      text: {
        en: "A hundred times as much: γ = 20. Training stays calm. But compare the two lines of each member in the chart: the bound, solid, and the exact divergence, dashed.",
        zh: "再加一百倍：γ = 20。训练依然平稳。但请比较图中每个成员的两条线：实线是下界，虚线是精确散度。",
      },
      wait: { steps: 800 },
      found({ members: all }) {
        const [kl] = all;
        const within = all.map((one) => percent(one.within)).join(", ");
        return {
          en: `Modes of 8: ${modes(all)}. Within 3σ: ${within}. kl: bound ${short(kl.bound, 2)}, exact ${short(kl.exact, 2)}.`,
          zh: `模式（共 8 个）：${modes(all)}。落在 3σ 以内：${within}。kl：下界 ${short(kl.bound, 2)}，精确值 ${short(kl.exact, 2)}。`,
          claim: [kl.bound < 0.05 * kl.exact, "The critics are almost flat, so the bound says next to nothing about the distance that is left.", "判别器几乎是平的，下界几乎说明不了还剩多少距离。"],
        };
      },
    },
    {
      look: [control("gamma"), control("penalty")],
      text: {
        en: "So a penalty trades a tight bound for training that converges. Move γ yourself while this race runs, or choose another penalty. The target's scale matters: spots half as wide need another γ.",
        zh: "可见惩罚项是用下界的紧密换取训练的收敛。对比进行时可以自己拖动 γ，或换一种惩罚项。目标的尺度也有影响：点团窄一半，合适的 γ 就不同。",
      },
    },
  ],
};
