/**
 * Membership of a consumer group, and nothing but: join, sync, heartbeat, leave. kafkajs's consumer would fetch,
 * seek and repair offsets by itself; here the group only says who owns what.
 */
import kafkajs, { type Cluster } from "kafkajs";
import { LogUnavailableError } from "../../../domain/ports/event-log.ts";
import type { Candidate, GroupLink, GroupSettings, Seat, Shares } from "./kafka-driver.ts";
import { toGroupError } from "./kafkajs-errors.ts";

/** The version of what members tell each other; members of another name can't be in one group. */
const PROTOCOL = "reveille-sticky-1";
const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

/** What kafkajs's broker can do beyond its public type. */
type Coordinator = {
  joinGroup(request: {
    groupId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    memberId: string;
    groupProtocols: readonly { name: string; metadata: Buffer }[];
  }): Promise<{
    readonly generationId: number;
    readonly leaderId: string;
    readonly memberId: string;
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
  }>;
  syncGroup(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[];
  }): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  offsetCommit(request: {
    groupId: string;
    groupGenerationId: number;
    memberId: string;
    topics: readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[];
  }): Promise<unknown>;
};

type Connected = { readonly cluster: Cluster; readonly coordinator: Coordinator };

export function createKafkajsGroup(openCluster: () => Cluster, settings: GroupSettings): GroupLink {
  const { group: groupId, topic } = settings;
  let current: Promise<Connected> | null = null;
  let closed = false;

  async function connect(): Promise<Connected> {
    const cluster = openCluster();
    try {
      await cluster.connect();
      await cluster.addMultipleTargetTopics([topic]);
      const coordinator = (await cluster.findGroupCoordinator({ groupId })) as unknown as Coordinator;
      return { cluster, coordinator };
    } catch (error) {
      await cluster.disconnect();
      throw error;
    }
  }

  async function using<T>(asked: string, use: (coordinator: Coordinator) => Promise<T>): Promise<T> {
    if (closed) throw new LogUnavailableError(`group ${groupId}: ${asked}: this membership is closed`);
    current ??= connect();
    const mine = current;
    try {
      return await use((await mine).coordinator);
    } catch (error) {
      const known = toGroupError(`group ${groupId}: ${asked}`, error);
      // The coordinator may have moved: whoever asks next looks for it again.
      if (known instanceof LogUnavailableError && current === mine) {
        current = null;
        void disconnect(mine);
      }
      throw known;
    }
  }

  const seatOf = ({ member, generation }: Seat) => ({
    groupId,
    memberId: member,
    groupGenerationId: generation,
  });

  return {
    join: (candidate) =>
      using("join", async (coordinator) => {
        const joined = await coordinator.joinGroup({
          groupId,
          sessionTimeout: settings.sessionMs,
          rebalanceTimeout: settings.rebalanceMs,
          memberId: candidate.member,
          groupProtocols: [{ name: PROTOCOL, metadata: encodeOwned(topic, candidate.owned) }],
        });
        const { memberId, leaderId, generationId, members } = joined;
        const candidates = memberId === leaderId ? members.map(decodeCandidate) : null;
        return { member: memberId, generation: generationId, candidates };
      }),
    sync: ({ member, generation }, shares) =>
      using("sync", async (coordinator) => {
        const groupAssignment = encodeShares(topic, shares);
        const answer = await coordinator.syncGroup({
          groupId,
          generationId: generation,
          memberId: member,
          groupAssignment,
        });
        return MemberAssignment.decode(answer.memberAssignment)?.assignment[topic] ?? [];
      }),
    heartbeat: (seat) =>
      using("heartbeat", async (coordinator) => void (await coordinator.heartbeat(seatOf(seat)))),
    leave: (member) =>
      using(
        "leave",
        async (coordinator) => void (await coordinator.leaveGroup({ groupId, memberId: member })),
      ),
    commitPositions: (seat, next) =>
      using("commit of positions", async (coordinator) => {
        const partitions = [...next].map(([partition, offset]) => ({ partition, offset: String(offset) }));
        await coordinator.offsetCommit({ ...seatOf(seat), topics: [{ topic, partitions }] });
      }),
    async close() {
      closed = true;
      const last = current;
      current = null;
      if (last !== null) await disconnect(last);
    },
  };
}

async function disconnect(connected: Promise<Connected>): Promise<void> {
  try {
    await (await connected).cluster.disconnect();
  } catch {
    // It never was connected, or is no more: either way there is nothing left to close.
  }
}

function encodeOwned(topic: string, owned: readonly number[]): Buffer {
  return MemberMetadata.encode({ version: 1, topics: [topic], userData: Buffer.from(JSON.stringify(owned)) });
}

function decodeCandidate(member: { readonly memberId: string; readonly memberMetadata: Buffer }): Candidate {
  const userData = MemberMetadata.decode(member.memberMetadata)?.userData;
  return { member: member.memberId, owned: parseOwned(userData?.toString("utf8") ?? "") };
}

/** What can't be read is owned by nobody: the worst that follows is a hand-over too many. */
export function parseOwned(text: string): readonly number[] {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.filter((one): one is number => Number.isSafeInteger(one)) : [];
  } catch {
    return [];
  }
}

function encodeShares(topic: string, shares: Shares): { memberId: string; memberAssignment: Buffer }[] {
  return [...shares].map(([memberId, partitions]) => ({
    memberId,
    memberAssignment: MemberAssignment.encode({
      version: 1,
      assignment: { [topic]: [...partitions] },
      userData: Buffer.alloc(0),
    }),
  }));
}
