import type { NextApiRequest, NextApiResponse } from "next";
import { prisma } from "database";

export default async function handler(_: NextApiRequest, response: NextApiResponse) {
  response.json(await prisma.item.findMany());
}
