package plugin

// AuthenticatedGroups is the name under which an authentication plugin shares (SetShared) the groups that a token or directory says
// its subject is in, as []string. The plugin acl decides by them.
const AuthenticatedGroups = "authenticated_groups"
