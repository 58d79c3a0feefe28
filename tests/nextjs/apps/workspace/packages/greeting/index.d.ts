export const greeting: string;
