import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { createFolder } from "./fleet.ts";

const execute = promisify(execFile);

/** A terminal window in which a shell runs commands. */
export interface Terminal {
  /** Sets the width of the window, in columns. */
  resize(columns: number): Promise<void>;
  /** Clears the window and starts a command. */
  begin(command: string): Promise<void>;
  /** Presses a key, by tmux's name for it, such as `C-c`. */
  press(key: string): Promise<void>;
  /**
   * Waits until the window shows something.
   *
   * @param isShown receives all lines of the command, without trailing spaces
   * @returns these lines
   * @throws Error with the lines if this takes longer than 30 seconds
   */
  shows(isShown: (screen: string) => boolean): Promise<string>;
  /** Waits until the command ends. Returns its lines: the command first, its exit code last. */
  end(): Promise<string>;
}

/** How long to wait for a text, in milliseconds. */
const longestWait = 30_000;

/** The height of the window. Lines that have scrolled out of it are captured, too. */
const rows = 50;

/** The last line of a command that has ended. */
const ended = /\[exit \d+\]\s*$/;

/**
 * Shows each command as after a prompt, then its output and its exit code. The shell's own input is not echoed, only
 * that of the command.
 */
const shell = `stty -echo; PS1=
run() { stty echo; printf '$ %s\\n' "$*"; "$@"; code=$?; stty -echo; printf '[exit %s]\\n' $code; }`;

/**
 * Opens windows of a separate tmux server, which is stopped when the test ends.
 *
 * @param widths the widths of the windows, in columns
 * @param folder the current folder of the shells
 * @param environment environment variables for the commands, in addition to PATH and HOME
 * @throws Error if tmux is missing
 */
export async function openTerminals(
  widths: readonly number[],
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<Terminal[]> {
  const server = ["-u", "-f", "/dev/null", "-S", `${await createFolder()}/tmux`];
  const { PATH = "", HOME = "/" } = process.env;
  const options = { env: { PATH, HOME, LC_ALL: "C.UTF-8", ...environment }, cwd: folder };
  const tmux: Tmux = async (...args) =>
    (await execute("tmux", [...server, ...args], options).catch(explained)).stdout;
  const terminals: Terminal[] = [];
  for (const width of widths) {
    const window = `w${width}`;
    const size = ["-x", String(width), "-y", String(rows)];
    await tmux("new-session", "-d", "-s", window, ...size, "sh");
    if (terminals.length === 0) onTestFinished(async () => void (await tmux("kill-server")));
    terminals.push(await readyTerminal(tmux, window));
  }
  return terminals;
}

type Tmux = (...args: string[]) => Promise<string>;

async function readyTerminal(tmux: Tmux, window: string): Promise<Terminal> {
  const at = ["-t", window];
  const shows = async (isShown: (screen: string) => boolean) => {
    const until = Date.now() + longestWait;
    for (;;) {
      const lines = (await tmux("capture-pane", "-p", "-S", "-", ...at)).split("\n");
      const screen = lines
        .map((line) => line.trimEnd())
        .join("\n")
        .trimEnd();
      if (isShown(screen)) return screen;
      if (ended.test(screen) || Date.now() > until)
        throw new Error(`the expected text is not shown; the window shows:\n${screen}`);
      await sleep(20);
    }
  };
  const type = (text: string) =>
    tmux("send-keys", "-l", ...at, text, ";", "send-keys", ...at, "Enter");
  await type(`${shell}; printf 'rea%s' dy`);
  await shows((screen) => screen.endsWith("ready"));
  return {
    resize: async (columns) => void (await tmux("resize-window", ...at, "-x", String(columns))),
    begin: async (command) => {
      await tmux("send-keys", "-R", ...at, ";", "clear-history", ...at);
      await type(`run ${command}`);
    },
    press: async (key) => void (await tmux("send-keys", ...at, key)),
    shows,
    end: () => shows((screen) => ended.test(screen)),
  };
}

function explained(error: NodeJS.ErrnoException): never {
  if (error.code === "ENOENT")
    throw new Error(
      "This test needs tmux, which is not installed. To install it, run: apt-get install tmux",
    );
  throw error;
}
