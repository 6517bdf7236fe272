// Why KL covers and reverse KL seeks: one Gaussian cannot be two blobs, so each divergence chooses its compromise.
// Seeds 0 and 1, 600 steps: KL 72% / 28%, width 1.01; reverse KL and JS 100% / 0%, width 0.25 to 0.28.

import { panel, percent, racer } from "lab/stories/figures.js";
import { short } from "lab/parts.js";

const members = ["kl", "js", "reverse-kl"].map((name) => racer(name, "saturating"));
const RACE = { target: "blobs", members, depth: 0, penalty: "r1+r2", gamma: 0.01, n_critic: 3, lr: 0.003, critic_lr: 0.003 };
const ABLE = { target: "blobs", members, penalty: "r1+r2", gamma: 0.2 };

function shared({ shares, spread }) {
  return { left: percent(shares[0]), right: percent(shares[1]), width: short(spread[0], 2) };
}

export default {
  title: { en: "KL covers, reverse KL seeks", zh: "KL 覆盖，反向 KL 逐峰" },
  about: {
    en: "One Gaussian has to stand for two blobs. What it gives up depends on the divergence.",
    zh: "用一个高斯分布去代表两团数据。放弃什么，取决于散度。",
  },
  steps: [
    {
      start: RACE,
      look: ["#target"],
      text: {
        en: "The grey data are two blobs: three quarters left, one quarter right. The generators have no hidden layer (depth 0), so their samples are one Gaussian: none can match both. The loss is saturating, so each generator minimizes exactly its own divergence.",
        zh: "灰色的数据是两团：四分之三在左，四分之一在右。生成器没有隐藏层（深度 0），样本只能是一个高斯分布，谁也无法同时拟合两团。损失是饱和型的，所以每个生成器最小化的正是自己的散度。",
      },
      wait: { steps: 150 },
    },
    {
      look: [panel(1)],
      text: {
        en: "KL punishes data without samples nearby: its f(u) = u log u grows without limit where p/q is large. Watch how wide the samples of kl become.",
        zh: "KL 惩罚附近没有样本的数据：p/q 很大时，f(u) = u log u 无限增长。请看 kl 的样本变得多宽。",
      },
      wait: { steps: 400 },
      found({ of }) {
        const { left, right, width } = shared(of("kl"));
        return {
          en: `${left} of the samples lie nearer the left blob, ${right} nearer the right one; their horizontal spread is ${width}.`,
          zh: `${left} 的样本离左边一团更近，${right} 离右边更近，水平标准差为 ${width}。`,
          claim: [of("kl").shares[1] > 0.15, "KL covers both, and also the gap where there are no data.", "KL 覆盖了两团，连中间没有数据的空隙也盖住了。"],
        };
      },
    },
    {
      look: [panel(3)],
      text: {
        en: "Reverse KL punishes samples without data: a sample in the gap costs much, a blob without samples little. So it gives one blob up.",
        zh: "反向 KL 惩罚没有数据处的样本：落在空隙里的样本代价很大，没有样本的一团代价很小。于是它放弃其中一团。",
      },
      wait: { steps: 50 },
      found({ of }) {
        const { left, right, width } = shared(of("reverse-kl"));
        return {
          en: `${left} left, ${right} right, spread ${width}.`,
          zh: `左 ${left}，右 ${right}，标准差 ${width}。`,
          claim: [of("reverse-kl").shares[1] < 0.05, "It fits the larger blob, whose own width is 0.25, and ignores the other.", "它拟合了较大的一团（其标准差为 0.25），忽略了另一团。"],
        };
      },
    },
    {
      look: [panel(2)],
      text: {
        en: "Jensen–Shannon lies between the two: it is symmetric and bounded.",
        zh: "Jensen–Shannon 介于二者之间：它对称且有界。",
      },
      wait: { steps: 100 },
      found({ of }) {
        const { left, right, width } = shared(of("js"));
        return {
          en: `${left} left, ${right} right, spread ${width}.`,
          zh: `左 ${left}，右 ${right}，标准差 ${width}。`,
          claim: [of("js").shares[1] < 0.05, "With these blobs it seeks: giving up a quarter of the data costs it less than filling the gap.", "对这两团数据，它选择逐峰：放弃四分之一的数据，比填满空隙代价更小。"],
        };
      },
    },
    {
      start: ABLE,
      look: ["#panels"],
      text: {
        en: "Now with two hidden layers, and more penalty on the critics. Every f-divergence is 0 only where model and data agree. A generator that is able to match both blobs has nothing to give up.",
        zh: "现在用两个隐藏层，判别器的惩罚项也更大。任何 f-散度只在模型与数据一致时为 0。有能力拟合两团的生成器，无需放弃什么。",
      },
      wait: { steps: 600 },
      found({ of, members: all }) {
        const list = ["kl", "js", "reverse-kl"].map((name) => `${name} ${percent(of(name).shares[1])}`).join(", ");
        const both = all.every((one) => one.shares[1] > 0.12 && one.shares[1] < 0.4);
        return {
          en: `Share of samples at the right blob, which holds 25% of the data: ${list}.`,
          zh: `右边一团占数据的 25%，样本所占份额为：${list}。`,
          claim: [both, "All three cover both: the choice matters most when the model is too small.", "三者都覆盖了两团：模型能力不足时，选择哪种散度才最要紧。"],
        };
      },
    },
  ],
};
