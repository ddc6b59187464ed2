// Who can sign in, and what a token can be, in the order in which they are chosen. The server refuses what does not fit its unit.

export const ROLES = [
  'operator',
  'supervisor',
  'street',
  'community',
  'grid_worker',
  'department',
  'readonly',
  'admin_system',
  'admin_security',
  'admin_audit',
] as const;

export const TOKEN_ROLES = ['integration', 'readonly', 'department', 'street', 'community', 'grid_worker', 'operator', 'supervisor'] as const;
