package account

import "github.com/gibbon-gateway/gibbon/internal/idp/api"

// Operations are those of the API that the Service serves.
func (s *Service) Operations() []api.Operation {
	const open, signed = api.Open, api.Signed
	return []api.Operation{
		api.Op("AdminCreateUser", signed, s.AdminCreateUser), api.Op("AdminGetUser", signed, s.adminGet),
		api.Op("AdminUpdateUserAttributes", signed, s.adminUpdate), api.Op("AdminDeleteUserAttributes", signed, s.adminDrop),
		api.Op("AdminSetUserPassword", signed, s.AdminSetUserPassword), api.Op("AdminResetUserPassword", signed, s.adminReset),
		api.Op("AdminConfirmSignUp", signed, s.adminConfirm), api.Op("AdminEnableUser", signed, s.adminEnable),
		api.Op("AdminDisableUser", signed, s.adminDisable), api.Op("AdminDeleteUser", signed, s.adminDelete),
		api.Op("AdminSetUserMFAPreference", signed, s.adminSetPreference), api.Op("AdminSetUserSettings", signed, s.adminSetSettings),
		api.Op("AdminGetUserAuthFactors", signed, s.adminGetFactors), api.Op("AdminDeleteSoftwareToken", signed, s.adminDropTOTP),
		api.Op("AdminListUserAuthEvents", signed, s.events), api.Op("AdminUpdateAuthEventFeedback", signed, s.adminFeedback),
		api.Op("UpdateAuthEventFeedback", open, s.feedback), api.Op("ListUsers", signed, s.ListUsers),
		api.Op("AdminLinkProviderForUser", signed, s.adminLink), api.Op("AdminDisableProviderForUser", signed, s.adminUnlink),

		api.Op("CreateUserImportJob", signed, s.createJob), api.Op("DescribeUserImportJob", signed, s.describeJob),
		api.Op("ListUserImportJobs", signed, s.listJobs), api.Op("StartUserImportJob", signed, s.startJob),
		api.Op("StopUserImportJob", signed, s.stopJob), api.Op("GetCSVHeader", signed, s.csvHeader),

		api.Op("CreateGroup", signed, s.CreateGroup), api.Op("GetGroup", signed, s.getGroup), api.Op("UpdateGroup", signed, s.updateGroup),
		api.Op("DeleteGroup", signed, s.deleteGroup), api.Op("ListGroups", signed, s.listGroups),
		api.Op("ListUsersInGroup", signed, s.members), api.Op("AdminAddUserToGroup", signed, s.AdminAddUserToGroup),
		api.Op("AdminRemoveUserFromGroup", signed, s.leave), api.Op("AdminListGroupsForUser", signed, s.groupsOf),

		api.Op("ChangePassword", open, s.ChangePassword), api.Op("GetUser", open, s.getOwn),
		api.Op("UpdateUserAttributes", open, s.updateOwn), api.Op("DeleteUserAttributes", open, s.dropOwn),
		api.Op("GetUserAttributeVerificationCode", open, s.verificationCode), api.Op("VerifyUserAttribute", open, s.verify),
		api.Op("DeleteUser", open, s.deleteOwn), api.Op("SetUserSettings", open, s.setSettings),
		api.Op("SetUserMFAPreference", open, s.setPreference), api.Op("GetUserAuthFactors", open, s.getFactors),

		api.Op("ConfirmDevice", open, s.confirmDevice), api.Op("UpdateDeviceStatus", open, s.updateDevice),
		api.Op("GetDevice", open, s.getDevice), api.Op("ListDevices", open, s.listDevices), api.Op("ForgetDevice", open, s.forgetDevice),
		api.Op("AdminGetDevice", signed, s.adminGetDevice), api.Op("AdminListDevices", signed, s.adminListDevices),
		api.Op("AdminUpdateDeviceStatus", signed, s.adminUpdateDevice), api.Op("AdminForgetDevice", signed, s.adminForgetDevice),
	}
}
