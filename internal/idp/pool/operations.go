package pool

import (
	"slices"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
)

// Operations are those of the API that the Service serves.
func (s *Service) Operations() []api.Operation {
	const signed = api.Signed
	return slices.Concat([]api.Operation{
		api.Op("CreateUserPool", signed, s.create), api.Op("DescribeUserPool", signed, s.describe), api.Op("UpdateUserPool", signed, s.update),
		api.Op("DeleteUserPool", signed, s.remove), api.Op("ListUserPools", signed, s.list), api.Op("AddCustomAttributes", signed, s.addCustom),
		api.Op("GetUserPoolMfaConfig", signed, s.getMFA), api.Op("SetUserPoolMfaConfig", signed, s.setMFA),
		api.Op("TagResource", signed, s.tag), api.Op("UntagResource", signed, s.untag), api.Op("ListTagsForResource", signed, s.tags),

		api.Op("CreateUserPoolClient", signed, s.createClient), api.Op("DescribeUserPoolClient", signed, s.describeClient),
		api.Op("UpdateUserPoolClient", signed, s.updateClient), api.Op("DeleteUserPoolClient", signed, s.removeClient),
		api.Op("ListUserPoolClients", signed, s.listClients), api.Op("AddUserPoolClientSecret", signed, s.addSecret),
		api.Op("DeleteUserPoolClientSecret", signed, s.removeSecret), api.Op("ListUserPoolClientSecrets", signed, s.listSecrets),

		api.Op("CreateUserPoolDomain", signed, s.CreateDomain), api.Op("DescribeUserPoolDomain", signed, s.describeDomain),
		api.Op("UpdateUserPoolDomain", signed, s.updateDomain), api.Op("DeleteUserPoolDomain", signed, s.removeDomain),

		api.Op("CreateResourceServer", signed, s.CreateResourceServer), api.Op("DescribeResourceServer", signed, s.describeServer),
		api.Op("UpdateResourceServer", signed, s.updateServer), api.Op("DeleteResourceServer", signed, s.removeServer),
		api.Op("ListResourceServers", signed, s.listServers),

		api.Op("CreateIdentityProvider", signed, s.createProvider), api.Op("DescribeIdentityProvider", signed, s.describeProvider),
		api.Op("UpdateIdentityProvider", signed, s.updateProvider), api.Op("DeleteIdentityProvider", signed, s.removeProvider),
		api.Op("ListIdentityProviders", signed, s.listProviders), api.Op("GetIdentityProviderByIdentifier", signed, s.providerByIdentifier),

		api.Op("GetUICustomization", signed, s.getUI), api.Op("SetUICustomization", signed, s.setUI),

		api.Op("GetUserPoolClientSessionConfiguration", signed, s.getClientSessions),
		api.Op("SetUserPoolClientSessionConfiguration", signed, s.setClientSessions),
		api.Op("GetUserPoolSessionConfiguration", signed, s.getSessions), api.Op("SetUserPoolSessionConfiguration", signed, s.setSessions),
	}, api.AsStored(
		api.Op("CreateTerms", signed, s.createTerms), api.Op("DescribeTerms", signed, s.describeTerms),
		api.Op("DescribeTermsByClient", signed, s.describeTermsByClient), api.Op("UpdateTerms", signed, s.updateTerms),
		api.Op("DeleteTerms", signed, s.removeTerms), api.Op("ListTerms", signed, s.listTerms),
		api.Op("CreateManagedLoginBranding", signed, s.createBranding), api.Op("DescribeManagedLoginBranding", signed, s.describeBranding),
		api.Op("DescribeManagedLoginBrandingByClient", signed, s.describeBrandingByClient),
		api.Op("UpdateManagedLoginBranding", signed, s.updateBranding), api.Op("DeleteManagedLoginBranding", signed, s.removeBranding),
		api.Op("DescribeRiskConfiguration", signed, s.getRisk), api.Op("SetRiskConfiguration", signed, s.setRisk),
		api.Op("GetLogDeliveryConfiguration", signed, s.getLogs), api.Op("SetLogDeliveryConfiguration", signed, s.setLogs),
		api.Op("CreateUserPoolReplica", signed, s.createReplica), api.Op("UpdateUserPoolReplica", signed, s.updateReplica),
		api.Op("DeleteUserPoolReplica", signed, s.removeReplica), api.Op("ListUserPoolReplicas", signed, s.listReplicas),
		api.Op("GetProvisionedLimit", signed, s.getLimit), api.Op("UpdateProvisionedLimit", signed, s.setLimit),
		api.Op("GetSigningCertificate", signed, s.certificate),
	))
}
