CREATE TABLE dbo.[Persons] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [Surname] nvarchar(100) NULL,
    [Name] nvarchar(100) NULL,
    [Patronymic] nvarchar(100) NULL,
    [Birthday] date NULL,
    [Phone] nvarchar(200) NULL,
    [MobilePhone] nvarchar(200) NULL,
    CONSTRAINT [PK_Persons] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[Patients] (
    [ID_Persons] int NOT NULL,
    [FirstVisit] date NULL,
    [MinStatus] int NULL,
    [InitialBalance] decimal(28,10) NULL,
    [InitialTreatmentSum] decimal(28,10) NULL,
    [ParentSNP] nvarchar(300) NULL,
    [ID_Agents] int NULL,
    [JobPlace] nvarchar(200) NULL,
    [Profession] nvarchar(200) NULL,
    [CardNumber] nvarchar(50) NULL,
    [Comment] nvarchar(4000) NULL,
    [AdditionalComment] nvarchar(4000) NULL,
    [ID_InfoSources] int NULL,
    [ID_StaffInfoSources] int NULL,
    [ID_ArchivingReasons] int NULL,
    [ID_Staffs] int NULL,
    [ConformToSending] bit NULL,
    [SMSRejection] bit NULL,
    [BillIsNecessary] bit NULL,
    [EGISZRejection] bit NULL,
    [PatientToothInfo] nvarchar(4000) NULL,
    [FirstConsultation] datetime NULL,
    [FirstTreat] datetime NULL,
    [ExternalUID] nvarchar(100) NULL,
    [ID_StaffsChanged] int NULL,
    [DateTimeChanged] datetime NULL CONSTRAINT [DF_Patients_DateTimeChanged] DEFAULT (GETDATE()),
    [PatientNumber] int NULL,
    [Status] int NULL,
    [ID_OldProgram] int NULL,
    CONSTRAINT [PK_Patients] PRIMARY KEY CLUSTERED ([ID_Persons])
);
CREATE TABLE dbo.[Staffs] (
    [ID_Persons] int NOT NULL,
    [Archive] bit NOT NULL CONSTRAINT [DF_Staffs_Archive] DEFAULT (0),
    CONSTRAINT [PK_Staffs] PRIMARY KEY CLUSTERED ([ID_Persons])
);
CREATE TABLE dbo.[Armchairs] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [NameArmchair] nvarchar(100) NULL,
    [ID_OwnCompanies] int NULL,
    [Archive] bit NOT NULL CONSTRAINT [DF_Armchairs_Archive] DEFAULT (0),
    CONSTRAINT [PK_Armchairs] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[OwnCompanies] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [Name] nvarchar(200) NULL,
    [BranchName] nvarchar(200) NULL,
    CONSTRAINT [PK_OwnCompanies] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[Receptions] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [ID_Patients] int NULL,
    [ID_StaffsReceptionAdded] int NULL,
    [ReceptionAdded] datetime NULL,
    [Comment] nvarchar(4000) NULL,
    [ID_DeliveryNotifications] int NULL,
    [DateTimeNotified] datetime NULL,
    [IsNotified] bit NULL,
    [PatientAppeared] datetime NULL,
    [ReceptionStarted] datetime NULL,
    [ReceptionEnded] datetime NULL,
    [CheckIssued] datetime NULL,
    [PlanStart] datetime NOT NULL,
    [PlanEnd] datetime NOT NULL,
    [ID_Staffs] int NULL,
    [ID_Armchairs] int NULL,
    [NeedHandReminder] bit NULL,
    [ID_ReceptionCancelReasons] int NULL,
    [CancelReasonComment] nvarchar(4000) NULL,
    [ID_StaffsReceptionCanceled] int NULL,
    [ReceptionCanceled] datetime NULL,
    [ID_ReceptionsTransferFrom] int NULL,
    [ID_ExternalProviders] int NULL,
    [ExternalProviderComment] nvarchar(4000) NULL,
    [ID_AppointmentSources] int NULL,
    [ExternalUID] nvarchar(100) NULL,
    [RowVersion] rowversion NOT NULL,
    [ID_StaffsAdded] int NULL,
    [DateTimeAdded] datetime NULL CONSTRAINT [DF_Receptions_DateTimeAdded] DEFAULT (GETDATE()),
    [ID_StaffsChanged] int NULL,
    [DateTimeChanged] datetime NULL CONSTRAINT [DF_Receptions_DateTimeChanged] DEFAULT (GETDATE()),
    CONSTRAINT [PK_Receptions] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[Orders] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [DateTimeOrder] datetime NULL,
    [ID_OwnCompanies] int NULL,
    [ID_Receptions] int NULL,
    [ID_Patients] int NULL,
    [ID_Staffs] int NULL,
    [ID_StaffsAssistant] int NULL,
    [DateTimeBillFormed] datetime NULL,
    [ID_StaffsGaveDiscount] int NULL,
    [ID_DiscountGroupMembers] int NULL,
    [DiscountGroupMemberNumber] nvarchar(50) NULL,
    [ID_TherapeuticSanations] int NULL,
    [ID_ProstheticSanations] int NULL,
    [ID_OrthodonticSanations] int NULL,
    [ID_ParodontolalSanations] int NULL,
    [ID_SurgicalSanations] int NULL,
    [ID_StaffsAdded] int NULL,
    [DateTimeAdded] datetime NULL CONSTRAINT [DF_Orders_DateTimeAdded] DEFAULT (GETDATE()),
    [ID_StaffsChanged] int NULL,
    [DateTimeChanged] datetime NULL CONSTRAINT [DF_Orders_DateTimeChanged] DEFAULT (GETDATE()),
    [DateTimeBill] datetime NULL,
    [IsBillFormed] bit NOT NULL CONSTRAINT [DF_Orders_IsBillFormed] DEFAULT (0),
    [RoundLength] int NULL,
    [ID_ReceptionsForUnique] int NULL,
    CONSTRAINT [PK_Orders] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[OrderServiceRelation] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [ID_Orders] int NOT NULL,
    [ID_TreatmentPlans] int NULL,
    [ID_TreatmentPlanElementRelations] int NULL,
    [ID_ServicePrices] int NULL,
    [ID_ServiceCodes] int NULL,
    [ID_ServiceGroupCodes] int NULL,
    [CountService] int NULL,
    [TeethLong] bigint NULL,
    [ID_SanationTypes] int NULL,
    [DiscountSum] decimal(28,10) NULL,
    [DeferredDiscountSum] decimal(28,10) NULL,
    [ID_StaffsWarranty] int NULL,
    [IsWarranty] bit NULL,
    [ID_Companies] int NULL,
    [CompanyPaymentState] int NULL,
    [DateTimeCompanyPaid] datetime NULL,
    [ID_Returns] int NULL,
    [ID_StaffsAdded] int NULL,
    [DateTimeAdded] datetime NULL CONSTRAINT [DF_OrderServiceRelation_DateTimeAdded] DEFAULT (GETDATE()),
    [ID_StaffsChanged] int NULL,
    [DateTimeChanged] datetime NULL CONSTRAINT [DF_OrderServiceRelation_DateTimeChanged] DEFAULT (GETDATE()),
    CONSTRAINT [PK_OrderServiceRelation] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[OrderPaymentsJournal] (
    [ID_Orders] int NOT NULL,
    [DateTimeBill] datetime NULL,
    [ID_Patients] int NULL,
    [ID_Staffs] int NULL,
    [ID_StaffsAssistant] int NULL,
    [IsBillFormed] bit NULL,
    [IsShop] bit NULL,
    [ID_StaffsGaveDiscount] int NULL,
    [ID_DiscountGroupMembers] int NULL,
    [DiscountGroupMemberNumber] nvarchar(50) NULL,
    [Amount] decimal(28,10) NULL,
    [WarrantyAmount] decimal(28,10) NULL,
    [InsuranceAmount] decimal(28,10) NULL,
    [InsuranceRejectedAmount] decimal(28,10) NULL,
    [InsuranceConfirmedAmount] decimal(28,10) NULL,
    [CouponAmount] decimal(28,10) NULL,
    [CouponRejectedAmount] decimal(28,10) NULL,
    [CouponConfirmedAmount] decimal(28,10) NULL,
    [AmountWithDiscount] decimal(28,10) NULL,
    [PaymentDeferredDiscount] decimal(28,10) NULL,
    [HasWarranty] bit NULL,
    [HasInsurance] bit NULL,
    [HasCoupon] bit NULL,
    [HasNotWarranty] bit NULL,
    [Debt] decimal(28,10) NULL,
    CONSTRAINT [PK_OrderPaymentsJournal] PRIMARY KEY CLUSTERED ([ID_Orders])
);
CREATE TABLE dbo.[PaymentsIn] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [DateTimePayment] datetime NULL,
    [ID_OwnCompanies] int NULL,
    [ID_Patients] int NULL,
    [ID_CashDescs] int NULL,
    [ID_ServiceGroups] int NULL,
    [ID_Staffs] int NULL,
    [Payment] decimal(28,10) NULL,
    [ID_StaffsAdded] int NULL,
    [DateTimeAdded] datetime NULL CONSTRAINT [DF_PaymentsIn_DateTimeAdded] DEFAULT (GETDATE()),
    [ID_StaffsChanged] int NULL,
    [DateTimeChanged] datetime NULL CONSTRAINT [DF_PaymentsIn_DateTimeChanged] DEFAULT (GETDATE()),
    [DatePayment] date NULL,
    CONSTRAINT [PK_PaymentsIn] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[ServiceItems] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [Name] nvarchar(500) NULL,
    [NotAService] bit NULL,
    CONSTRAINT [PK_ServiceItems] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[ServiceItemPrices] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [ID_ServiceItems] int NOT NULL,
    [ID_ServicePriceGroups] int NULL,
    [Price] decimal(28,10) NULL,
    [DateTimeFrom] datetime NULL,
    [DateTimeTo] datetime NULL,
    CONSTRAINT [PK_ServiceItemPrices] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[DeferredOrderDiscounts] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [DateTimePayment] datetime NULL,
    [ID_Orders] int NULL,
    [ID_SanationTypes] int NULL,
    [ID_ReceptionsSanation] int NULL,
    [ID_OrdersSanation] int NULL,
    [IsCanceled] bit NULL,
    CONSTRAINT [PK_DeferredOrderDiscounts] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[ServicePriceGroups] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [Name] nvarchar(200) NULL,
    [Archive] bit NOT NULL CONSTRAINT [DF_ServicePriceGroups_Archive] DEFAULT (0),
    CONSTRAINT [PK_ServicePriceGroups] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[ServiceItemContents] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [ID_ServiceItems] int NULL,
    [ID_ServiceFoldersParent] int NULL,
    [Code] nvarchar(50) NULL,
    [DateTimeFrom] datetime NULL,
    [DateTimeTo] datetime NULL,
    CONSTRAINT [PK_ServiceItemContents] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[ServiceFolders] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [Name] nvarchar(300) NULL,
    [ID_ServiceCategories] int NULL,
    [Archive] bit NOT NULL CONSTRAINT [DF_ServiceFolders_Archive] DEFAULT (0),
    CONSTRAINT [PK_ServiceFolders] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[ServiceCategories] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [Name] nvarchar(300) NULL,
    [Archive] bit NOT NULL CONSTRAINT [DF_ServiceCategories_Archive] DEFAULT (0),
    CONSTRAINT [PK_ServiceCategories] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[Items] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [ID_Staffs] int NULL,
    [ID_ProfessionNames] int NULL,
    CONSTRAINT [PK_Items] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[ProfessionNames] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [NameProfession] nvarchar(200) NULL,
    [ID_Roles] int NULL,
    [Archive] bit NOT NULL CONSTRAINT [DF_ProfessionNames_Archive] DEFAULT (0),
    CONSTRAINT [PK_ProfessionNames] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[CurrentTimeTable] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [RowVersion] rowversion NOT NULL,
    [DateOfWork] date NULL,
    [ID_Times] int NULL,
    [ID_Armchairs] int NULL,
    [ID_Staffs] int NULL,
    [ID_Receptions] int NULL,
    [ID_TimeReserves] int NULL,
    [IsWorkingTime] bit NOT NULL CONSTRAINT [DF_CurrentTimeTable_IsWorkingTime] DEFAULT (0),
    [IsHeaderCell] bit NOT NULL CONSTRAINT [DF_CurrentTimeTable_IsHeaderCell] DEFAULT (0),
    CONSTRAINT [PK_CurrentTimeTable] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[Times] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [TimeStartValue] time NULL,
    [TimeEndValue] time NULL,
    CONSTRAINT [PK_Times] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[OnlineTickets] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [ID_ExternalProviders] int NULL,
    [ID_OwnCompanies] int NULL,
    [SourceProviderUid] nvarchar(400) NULL,
    [DateTimeCreated] datetime NULL,
    [PhoneSource] nvarchar(100) NULL,
    [PhoneOutInt] nvarchar(50) NULL,
    [EmailOut] nvarchar(200) NULL,
    [PatientFullName] nvarchar(300) NULL,
    [SurName] nvarchar(100) NULL,
    [Name] nvarchar(100) NULL,
    [Patronymic] nvarchar(100) NULL,
    [PlanStart] datetime NULL,
    [PlanEnd] datetime NULL,
    [Comment] nvarchar(4000) NULL,
    [FormName] nvarchar(300) NULL,
    [ID_Staffs] int NULL,
    [StaffName] nvarchar(300) NULL,
    [ID_UTMs] int NULL,
    [ID_UTMReferrers] int NULL,
    [ID_CommunicationComments] int NULL,
    [IsTrash] bit NULL,
    [ID_StaffsInserted] int NULL,
    [DateTimeInserted] datetime NULL,
    [RowVersion] rowversion NOT NULL,
    CONSTRAINT [PK_OnlineTickets] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[ScheduledReceptions] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [ID_Patients] int NULL,
    [ID_Receptions] int NULL,
    [ID_CRMJobTypes] int NULL,
    [ID_SanationTypes] int NULL,
    [ID_OwnCompanies] int NULL,
    [ID_ProfessionNames] int NULL,
    [ID_Staffs] int NULL,
    [Comment] nvarchar(4000) NULL,
    [Length] int NULL,
    [ID_ReceptionsClose] int NULL,
    [ID_DelayAppointmentsClose] int NULL,
    [ID_ReceptionCancelReasons] int NULL,
    [ID_CrmJobCommunicationCommentsClose] int NULL,
    [ID_StaffsAdded] int NULL,
    [DateTimeAdded] datetime NULL CONSTRAINT [DF_ScheduledReceptions_DateTimeAdded] DEFAULT (GETDATE()),
    [ID_StaffsChanged] int NULL,
    [DateTimeChanged] datetime NULL CONSTRAINT [DF_ScheduledReceptions_DateTimeChanged] DEFAULT (GETDATE()),
    CONSTRAINT [PK_ScheduledReceptions] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[TreatmentPlans] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [ID_StaffsCreated] int NULL,
    [DateTimeCreated] datetime NULL,
    [ID_Patients] int NULL,
    [Name] nvarchar(300) NULL,
    [ID_Staffs] int NULL,
    [ActualFrom] datetime NULL,
    [DateTimePriceFix] datetime NULL,
    [UseOrderDiscounts] bit NULL,
    [RoundLength] int NULL,
    [IsActive] bit NOT NULL CONSTRAINT [DF_TreatmentPlans_IsActive] DEFAULT (0),
    [ActualTo] datetime NULL,
    [ID_StaffsAdded] int NULL,
    [DateTimeAdded] datetime NULL CONSTRAINT [DF_TreatmentPlans_DateTimeAdded] DEFAULT (GETDATE()),
    [ID_StaffsChanged] int NULL,
    [DateTimeChanged] datetime NULL CONSTRAINT [DF_TreatmentPlans_DateTimeChanged] DEFAULT (GETDATE()),
    CONSTRAINT [PK_TreatmentPlans] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[TreatmentPlanStages] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [Name] nvarchar(300) NULL,
    [Order] int NULL,
    [ID_TreatmentPlans] int NOT NULL,
    CONSTRAINT [PK_TreatmentPlanStages] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[TreatmentPlanElements] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [ID_TreatmentPlanElementsParent] int NULL,
    [Name] nvarchar(300) NULL,
    [IsArchive] bit NOT NULL CONSTRAINT [DF_TreatmentPlanElements_IsArchive] DEFAULT (0),
    [ID_ServiceTargetTypes] int NULL,
    [TreatmentStage] int NULL,
    [TreatmentCode] nvarchar(50) NULL,
    [Order] int NULL,
    [ID_ServiceCategories] int NULL,
    [Price] xml NULL,
    [ID_StaffsAdded] int NULL,
    [DateTimeAdded] datetime NULL CONSTRAINT [DF_TreatmentPlanElements_DateTimeAdded] DEFAULT (GETDATE()),
    [ID_StaffsChanged] int NULL,
    [DateTimeChanged] datetime NULL CONSTRAINT [DF_TreatmentPlanElements_DateTimeChanged] DEFAULT (GETDATE()),
    CONSTRAINT [PK_TreatmentPlanElements] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[TreatmentPlanElementRelations] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [ID_TreatmentPlans] int NOT NULL,
    [ID_TreatmentPlanStages] int NULL,
    [ID_TreatmentPlanElements] int NULL,
    [ID_ServicePrices] int NULL,
    [ID_ServiceCodes] int NULL,
    [ID_ServiceGroupCodes] int NULL,
    [TeethLong] bigint NULL,
    [DiscountSum] decimal(28,10) NULL,
    [ID_Companies] int NULL,
    [ID_StaffsAdded] int NULL,
    [DateTimeAdded] datetime NULL CONSTRAINT [DF_TreatmentPlanElementRelations_DateTimeAdded] DEFAULT (GETDATE()),
    [ID_StaffsChanged] int NULL,
    [DateTimeChanged] datetime NULL CONSTRAINT [DF_TreatmentPlanElementRelations_DateTimeChanged] DEFAULT (GETDATE()),
    CONSTRAINT [PK_TreatmentPlanElementRelations] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[ReceptionCancelReasons] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [Name] nvarchar(200) NULL,
    CONSTRAINT [PK_ReceptionCancelReasons] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[CRMJobTypes] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [Name] nvarchar(200) NULL,
    CONSTRAINT [PK_CRMJobTypes] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[InfoSources] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [Name] nvarchar(200) NULL,
    CONSTRAINT [PK_InfoSources] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[AppointmentSources] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [Name] nvarchar(200) NULL,
    CONSTRAINT [PK_AppointmentSources] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[DelayAppointments] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [ID_ScheduledReceptions] int NULL,
    [DateTimeDelay] datetime NULL,
    CONSTRAINT [PK_DelayAppointments] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[PaymentsOut] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [DateTimePayment] datetime NULL,
    [ID_OwnCompanies] int NULL,
    [ID_StaffsCanTakeMoney] int NULL,
    [IsKontragent] bit NULL,
    [ID_CashDescs] int NULL,
    [ID_PaymentOutReasons] int NULL,
    [Payment] decimal(28,10) NULL,
    [Comment] nvarchar(4000) NULL,
    [ID_StaffsAdded] int NULL,
    [DateTimeAdded] datetime NULL CONSTRAINT [DF_PaymentsOut_DateTimeAdded] DEFAULT (GETDATE()),
    [ID_StaffsChanged] int NULL,
    [DateTimeChanged] datetime NULL CONSTRAINT [DF_PaymentsOut_DateTimeChanged] DEFAULT (GETDATE()),
    [DatePayment] date NULL,
    CONSTRAINT [PK_PaymentsOut] PRIMARY KEY CLUSTERED ([ID])
);
CREATE TABLE dbo.[Diagnoses] (
    [ID] int IDENTITY(1,1) NOT NULL,
    [ID_Parent] int NULL,
    [RefToMkb] bit NULL,
    [ID_MKB10] int NULL,
    [Name] nvarchar(300) NULL,
    [Text] nvarchar(4000) NULL,
    [Archive] bit NOT NULL CONSTRAINT [DF_Diagnoses_Archive] DEFAULT (0),
    CONSTRAINT [PK_Diagnoses] PRIMARY KEY CLUSTERED ([ID])
);
CREATE VIEW dbo.[StaffsView] AS SELECT Persons.ID, Persons.Surname, Persons.Name, Persons.Patronymic, Staffs.Archive FROM dbo.Staffs INNER JOIN dbo.Persons ON Persons.ID = Staffs.ID_Persons;
