// Loaded into a measured process: when it ends, writes its CPU time and its largest resident memory to a file.
import { writeFileSync } from "node:fs";

process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const used = { cpuMs: (userCPUTime + systemCPUTime) / 1_000, memoryMb: maxRSS / 1_024 };
  writeFileSync(process.env.BENCH_METER, JSON.stringify(used));
});
