// Why the classic script collapses: no penalty and a high learning rate, then the fix.
// Seeds 0 and 1: kl has 1 to 3 of 8 modes from step 150 to 600, others each time; reverse-kl 3 and 4 at 600; js 8.
// After the change kl has 8 modes within 600 steps, reverse-kl within 1200.

import { control, panel, percent, racer } from "lab/stories/figures.js";

const NAMES = ["kl", "reverse-kl", "js"];
const members = NAMES.map((name) => racer(name));
const modes = (all) => NAMES.map((name, k) => `${name} ${all[k].modes ?? "–"}`).join(", ");
const COMPASS = {
  en: ["right", "upper right", "top", "upper left", "left", "lower left", "bottom", "lower right"],
  zh: ["右", "右上", "上", "左上", "左", "左下", "下", "右下"],
};

/** The spot nearest to most samples. */
function favourite({ shares }) {
  const at = shares.indexOf(Math.max(...shares));
  return { at, share: percent(shares[at]), en: COMPASS.en[at], zh: COMPASS.zh[at] };
}

export default {
  title: { en: "Why the classic script collapses", zh: "经典脚本为何坍塌" },
  about: {
    en: "No penalty, a high learning rate: samples crowd onto few modes and move on. Then the fix, while it runs.",
    zh: "没有惩罚项，学习率又高：样本挤在少数模式上，再一起移走。然后在运行中修复它。",
  },
  steps: [
    {
      start: { target: "ring", members, penalty: "none", lr: 0.005, critic_lr: 0.005 },
      look: [panel(1), control("lr"), control("penalty")],
      text: {
        en: "Early GAN scripts train plain losses without a penalty. Here with a learning rate of 0.005. Watch kl: its samples go where the critic is highest at the moment.",
        zh: "早期的 GAN 脚本直接训练损失，没有惩罚项。这里的学习率是 0.005。请看 kl：它的样本总往此刻判别器最高的地方去。",
      },
      wait: { steps: 300 },
      found({ members: [kl] }) {
        const spot = favourite(kl);
        return {
          en: `kl reaches ${kl.modes ?? "–"} of 8 modes. ${spot.share} of its samples are nearest to the spot at the ${spot.en}.`,
          zh: `kl 触及 8 个模式中的 ${kl.modes ?? "–"} 个。${spot.share} 的样本离${spot.zh}方的点团最近。`,
          claim: [kl.modes <= 4, "It has collapsed.", "它坍塌了。"],
        };
      },
    },
    {
      look: [panel(1)],
      text: {
        en: "Once all samples are at one spot, the critic learns that this spot is generated, and everything else looks more real. So the samples move on together. They chase the critic around the ring instead of spreading.",
        zh: "一旦样本都聚到一处，判别器就学会“这里是生成的”，别处便都显得更真。于是样本一起移走：它们在环上追着判别器跑，而不是散开。",
      },
      wait: { steps: 150 },
      found({ members: [kl] }, before) {
        const [now, then] = [favourite(kl), favourite(before.members[0])];
        return {
          en: `Largest group: at step ${before.step} at the ${then.en} (${then.share}), now at the ${now.en} (${now.share}). Modes: ${kl.modes ?? "–"} of 8.`,
          zh: `样本最多的一处：第 ${before.step} 步在${then.zh}方（${then.share}），现在在${now.zh}方（${now.share}）。模式：8 个中的 ${kl.modes ?? "–"} 个。`,
        };
      },
    },
    {
      look: [panel(2), panel(3), ".chart-modes"],
      text: {
        en: "Not every divergence suffers alike. Under kl every sample is pulled with the full slope of the critic. Under js the pull fades where the critic already calls the sample real.",
        zh: "各种散度受害的程度不同。在 kl 下，每个样本都受到判别器全部斜率的拉动；在 js 下，判别器已认作真实的样本，拉力会减弱。",
      },
      wait: { steps: 150 },
      found({ members: all }) {
        const broken = NAMES.filter((_, k) => all[k].finite === false);
        const lost = broken.join(", ");
        return {
          en: `Modes of 8: ${modes(all)}.${lost && ` No longer finite: ${lost}.`}`,
          zh: `模式（共 8 个）：${modes(all)}。${lost && `已不再有限：${lost}。`}`,
          claim: [all[2].modes === 8, "js keeps all eight even so.", "即便如此，js 仍保住了全部八个。"],
        };
      },
    },
    {
      change: { penalty: "r1+r2", gamma: 0.2, lr: 0.001, critic_lr: 0.001 },
      look: ["#panels", control("penalty"), control("lr"), ".chart-modes"],
      text: {
        en: "The mend, while it runs: the penalty r1+r2 with γ = 0.2, and a learning rate of 0.001. The networks go on from where they are.",
        zh: "在运行中修复：加上惩罚项 r1+r2，γ = 0.2，学习率降为 0.001。网络从当前状态继续。",
      },
      wait: { steps: 800 },
      found({ members: all }) {
        const slow = all[1].modes < 8;
        return {
          en: `Modes of 8: ${modes(all)}.`,
          zh: `模式（共 8 个）：${modes(all)}。`,
          claim: [all[0].modes === 8, `kl covers the whole ring again.${slow ? " reverse-kl takes longer." : ""}`, `kl 又覆盖了整个环。${slow ? "reverse-kl 恢复得更慢。" : ""}`],
        };
      },
    },
  ],
};
